"""Asks the services: which pool, when again, and what a failure to get an answer means."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.breaker import Breaker
from services.gateway.connection import (
    BrokenOffError,
    NonsenseError,
    Outgoing,
    UnreachableError,
    UpstreamError,
)
from services.gateway.pool import BusyError, Pool, Response
from services.gateway.refusal import Refusal, unavailable

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRY_SHARE = 0.1
RETRIES_AT_ONCE = 10.0


class RetryBudget:
    """Retries may be a tenth of all requests, so that they never double the load of a service in trouble."""

    def __init__(self) -> None:
        self._left = RETRIES_AT_ONCE

    def earn(self) -> None:
        self._left = min(RETRIES_AT_ONCE, self._left + RETRY_SHARE)

    def spend(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Upstreams:
    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._pools = {service: Pool(address) for service, address in addresses.items()}
        self._budgets = {service: RetryBudget() for service in addresses}
        self._breakers = {service: Breaker(service) for service in addresses}

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    async def ask(self, service: str, outgoing: Outgoing) -> Response:
        """The answer's head, its body still to be read. Raises Refusal (502, 503).

        Sent a second time only when the first try cannot have done harm.
        """
        self._breakers[service].enter()
        return await self._ask(service, outgoing)

    async def _ask(self, service: str, outgoing: Outgoing) -> Response:
        budget = self._budgets[service]
        budget.earn()
        try:
            return await self._send(service, outgoing)
        except UpstreamError as error:
            if not _harmless(error, outgoing) or not budget.spend():
                raise _refusal(service, error) from error
        try:
            # a kept connection may end at the same dead process
            return await self._send(service, outgoing, anew=True)
        except UpstreamError as error:
            raise _refusal(service, error) from error

    def failed(self, service: str, outgoing: Outgoing) -> None:
        """The service gave no answer; a body that the client still sends may be the client's failure."""
        if outgoing.whole:
            self._breakers[service].failed()

    async def fetch(self, service: str, path: str) -> bytes:
        """The whole body of an answer with status 200, whatever came before. Raises Refusal (502, 503)."""
        async with await self._ask(service, Outgoing("GET", path.encode(), [], None)) as response:
            if response.status != 200:
                raise Refusal(502, f"The service {service} answered {response.status} for {path}")
            try:
                return await response.read()
            except UpstreamError as error:
                raise _refusal(service, error) from error

    async def _send(self, service: str, outgoing: Outgoing, *, anew: bool = False) -> Response:
        try:
            response = await self._pools[service].ask(outgoing, anew=anew)
        except UpstreamError as error:
            if not isinstance(error, BusyError):
                self.failed(service, outgoing)
            raise
        self._breakers[service].answered()
        return response


def _harmless(error: Exception, outgoing: Outgoing) -> bool:
    if not outgoing.whole:
        return False
    if isinstance(error, UnreachableError):
        return True
    return isinstance(error, BrokenOffError) and outgoing.method in IDEMPOTENT


def _refusal(service: str, error: Exception) -> Refusal:
    if isinstance(error, UnreachableError):
        return unavailable(503, f"The service {service} cannot be reached", 1)
    if isinstance(error, BusyError):
        return unavailable(503, f"The service {service} has too much to do", 1)
    if isinstance(error, NonsenseError):
        return Refusal(502, f"The service {service} gave an answer that cannot be read")
    return Refusal(502, f"The service {service} broke off before its answer was complete")
