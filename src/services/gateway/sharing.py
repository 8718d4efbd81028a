"""Makes the limits those of all gateway processes together: tells auth what was let through, hears the sum.

A request never waits for it. Until the others are heard of, each process may grant a whole burst; the sum is
a debt that all of them wait for, so over time no more than the limit passes. Without auth each process grants
its own part.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from heapq import nlargest

from services.common.service_tokens import ServiceTokens
from services.gateway.connection import Outgoing, UpstreamError
from services.gateway.limiter import Limiter
from services.gateway.refusal import Refusal
from services.gateway.upstreams import Upstreams

EVERY = 0.1  # seconds between two exchanges while requests come
AGAIN = 1.0  # seconds after one that failed
PATIENCE = 0.25  # seconds for one
MOST_KEYS = 1000  # in one exchange: those that took most

log = logging.getLogger(__name__)


class Sharing:
    def __init__(self, upstreams: Upstreams, tokens: ServiceTokens, limits: Mapping[str, Limiter]) -> None:
        self._upstreams = upstreams
        self._tokens = tokens
        self._limits = limits
        self._together = False

    async def work(self) -> None:
        """Runs until cancelled."""
        while True:
            taken = {
                f"{name} {key}": seconds
                for name, limit in self._limits.items()
                for key, seconds in limit.collect().items()
            }
            if taken or not self._together:
                await self._exchange(dict(nlargest(MOST_KEYS, taken.items(), key=lambda each: each[1])))
            await asyncio.sleep(EVERY if self._together else AGAIN)

    async def _exchange(self, taken: dict[str, float]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                until_full = await self.tell(taken)
        except (Refusal, UpstreamError, TimeoutError, ValueError, KeyError) as error:
            for limit in self._limits.values():
                limit.lose()
            self._switch(False, f"{type(error).__name__}: {error}")
            return
        self._switch(True, "")
        for name, limit in self._limits.items():
            prefix = f"{name} "
            limit.correct(
                {key[len(prefix) :]: each for key, each in until_full.items() if key.startswith(prefix)}
            )

    async def tell(self, taken: dict[str, float]) -> dict[str, float]:
        """By key the seconds until each bucket is full. Raises Refusal, UpstreamError or ValueError."""
        headers = [
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {self._tokens.own()}".encode()),
        ]
        body = json.dumps({"taken": taken}).encode()
        asked = Outgoing("POST", b"/internal/allowances", headers, body)
        async with await self._upstreams.ask("auth", asked) as response:
            if response.status != 200:
                raise ValueError(f"auth answered {response.status}")
            return json.loads(await response.read())["until_full"]

    def _switch(self, together: bool, why: str) -> None:
        if together == self._together:
            return
        self._together = together
        for limit in self._limits.values():
            limit.share(together)
        if together:
            log.info("limits are shared by all gateway processes")
        else:
            log.warning("limits are not shared, each gateway process grants its part: %s", why)
