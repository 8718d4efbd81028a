"""HTTP to the other services; what is asked of them is written in the asking service."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
import structlog

from services.common import tracing
from services.common.errors import Unavailable
from services.common.service_tokens import ServiceTokens

# Below the gateway's own deadline, so that the client gets our sentence and not a cut.
TIMEOUT = aiohttp.ClientTimeout(total=4.5, connect=1)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: dict


class Peers:
    """One pool of connections for all calls of this process."""

    def __init__(self, tokens: ServiceTokens, addresses: dict[str, str]) -> None:
        self._tokens = tokens
        self._addresses = addresses
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        # A service that drains waits for idle connections, so none is kept for longer than a moment.
        connector = aiohttp.TCPConnector(keepalive_timeout=1)
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, connector=connector)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def call(self, method: str, service: str, path: str, body: dict | None = None) -> dict:
        """The JSON document of the answer; raises Unavailable when there is none, or none that is a success.

        A call is made again when its connection breaks, so the other side must bear it twice.
        """
        for attempt in (1, 2):
            try:
                answer = await self._once(method, self._addresses[service] + path, body)
                break
            except (aiohttp.ClientError, OSError) as error:
                broken = isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError)
                if attempt == 2 or not broken:
                    log.warning("service unavailable", peer=service, error=type(error).__name__)
                    raise Unavailable(f"The {service} service does not answer, try again") from None
        if answer.status != HTTPStatus.OK:
            log.warning("service answered unexpectedly", peer=service, status=answer.status)
            raise Unavailable(f"The {service} service cannot help at the moment, try again")
        return answer.body

    async def _once(self, method: str, url: str, body: dict | None) -> _Answer:
        if self._session is None:
            raise Unavailable("The service is starting")
        headers = tracing.outgoing_headers() | {"Authorization": f"Bearer {self._tokens.own()}"}
        async with self._session.request(
            method, url, json=body, headers=headers, allow_redirects=False
        ) as response:
            is_json = response.content_type == "application/json"
            return _Answer(response.status, await response.json() if is_json else {})
