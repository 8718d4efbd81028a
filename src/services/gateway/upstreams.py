"""Asks the services: one pool of connections, and what a failure to get an answer means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import aiohttp
from yarl import URL

from services.gateway.breaker import Breaker
from services.gateway.refusal import Refusal, unavailable

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# Looked at once in this time, no idle connection is kept for more than twice as long: a service that drains
# waits for them.
KEEP_IDLE = 1.0
CONNECT_SECONDS = 1.0
MOST_CONNECTIONS = 100
RETRY_SHARE = 0.1
RETRIES_AT_ONCE = 10.0
UNREACHABLE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


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


class Outgoing(NamedTuple):
    """A body that is not bytes can be sent once only."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes | AsyncIterator[bytes] | None


class Upstreams:
    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._budgets = {service: RetryBudget() for service in addresses}
        self._breakers = {service: Breaker(service) for service in addresses}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        connector = aiohttp.TCPConnector(
            limit=0, limit_per_host=MOST_CONNECTIONS, keepalive_timeout=KEEP_IDLE, ttl_dns_cache=5
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, service: str, outgoing: Outgoing) -> aiohttp.ClientResponse:
        """The answer's head, its body still to be read. Raises Refusal (502, 503).

        Sent a second time only when nothing of an answer was seen and the first try cannot have done harm.
        """
        self._breakers[service].enter()
        return await self._ask(service, outgoing)

    async def _ask(self, service: str, outgoing: Outgoing) -> aiohttp.ClientResponse:
        budget = self._budgets[service]
        budget.earn()
        try:
            return await self._send(service, outgoing)
        except (aiohttp.ClientError, OSError) as error:
            if not _harmless(error, outgoing) or not budget.spend():
                raise _refusal(service, error) from error
        try:
            return await self._send(service, outgoing)
        except (aiohttp.ClientError, OSError) as error:
            raise _refusal(service, error) from error

    def failed(self, service: str, outgoing: Outgoing) -> None:
        """The service gave no answer; a body that the client still sends may be the client's failure."""
        if isinstance(outgoing.body, bytes | None):
            self._breakers[service].failed()

    async def fetch(self, service: str, path: str) -> bytes:
        """The whole body of an answer with status 200, whatever came before. Raises Refusal (502, 503)."""
        async with await self._ask(service, Outgoing("GET", path, [], None)) as response:
            if response.status != 200:
                raise Refusal(502, f"The service {service} answered {response.status} for {path}")
            try:
                return await response.read()
            except (aiohttp.ClientError, OSError) as error:
                raise _refusal(service, error) from error

    async def _send(self, service: str, outgoing: Outgoing) -> aiohttp.ClientResponse:
        url = URL(self._addresses[service] + outgoing.target, encoded=True)
        try:
            response = await self._session.request(  # type: ignore[union-attr]
                outgoing.method, url, headers=outgoing.headers, data=outgoing.body, allow_redirects=False
            )
        except (aiohttp.ClientError, OSError):
            self.failed(service, outgoing)
            raise
        self._breakers[service].answered()
        return response


def _harmless(error: Exception, outgoing: Outgoing) -> bool:
    if not isinstance(outgoing.body, bytes | None):
        return False
    if isinstance(error, UNREACHABLE):
        return True
    broken_off = isinstance(error, aiohttp.ClientConnectionError | OSError)
    return broken_off and outgoing.method in IDEMPOTENT


def _refusal(service: str, error: Exception) -> Refusal:
    if isinstance(error, UNREACHABLE):
        return unavailable(503, f"The service {service} cannot be reached", 1)
    return Refusal(502, f"The service {service} broke off before its answer was complete")
