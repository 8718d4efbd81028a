"""How often a client may ask: one token bucket a key, kept as the time at which it is full again (GCRA)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic

from services.gateway.refusal import Refusal, unavailable

QUEUE_SECONDS = 0.010
MOST_KEYS = 100_000


class Limiter:
    """`average` a second and `burst` at once, for each key, in all `replicas` of the gateway together.

    A process that hears of what the others let through (`share(True)`) grants the whole and is corrected by
    what it hears; one that does not grants its own part.
    """

    def __init__(
        self, average: float, burst: float, clock: Callable[[], float] = monotonic, *, replicas: int = 1
    ) -> None:
        self._average, self._burst, self._replicas = average, burst, replicas
        self._clock = clock
        self._full_at: dict[str, float] = {}
        self._taken: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._owed: dict[str, float] = {}
        self._swept = clock()
        self.share(replicas == 1)

    def share(self, whole: bool) -> None:
        self._whole = whole
        part = 1 if whole else self._replicas
        self._interval = part / self._average
        self._tolerance = (max(1.0, self._burst / part) - 1) * self._interval

    async def admit(self, key: str) -> None:
        """Returns at once or after at most QUEUE_SECONDS; raises Refusal (429)."""
        wait = self.reserve(key)
        if wait > 0:
            await asyncio.sleep(wait)

    def reserve(self, key: str) -> float:
        """Seconds to wait before the request may go on; a refused one takes nothing from the bucket."""
        now = self._clock()
        full_at = max(now, self._full_at.get(key, now))
        wait = full_at - now - self._tolerance
        if wait > QUEUE_SECONDS:
            raise _too_many(wait)
        if len(self._full_at) >= MOST_KEYS or now - self._swept > 60:
            self._sweep(now)
        self._full_at[key] = full_at + self._interval
        if self._replicas > 1:
            self._taken[key] = self._taken.get(key, 0.0) + 1 / self._average
        return max(0.0, wait)

    def collect(self) -> dict[str, float]:
        """What was let through since the last call, by key, in the seconds that refill it."""
        self._told, self._taken = self._taken, {}
        return self._told

    def lose(self) -> None:
        """Nobody heard of what was collected last: it costs as much as in a process that grants its part."""
        now, lost, surcharge = self._clock(), self._told, 0
        if self._whole:
            surcharge = self._replicas - 1
            lost = {key: lost.get(key, 0.0) + self._taken.get(key, 0.0) for key in lost | self._taken}
            self._taken = {}
        for key, seconds in lost.items():
            self._full_at[key] = max(now, self._full_at.get(key, now)) + seconds * surcharge
            self._owed[key] = self._owed.get(key, 0.0) + seconds * self._replicas
        self._told = {}

    def correct(self, until_full: Mapping[str, float]) -> None:
        """Takes over, by key, the seconds after which the common bucket is full.

        What came since is added, and what nobody heard of, as far as it is not paid for.
        """
        now = self._clock()
        self._told = {}
        for key, seconds in until_full.items():
            owed = min(self._owed.pop(key, 0.0), max(0.0, self._full_at.get(key, now) - now))
            if owed:
                self._owed[key] = owed
            self._full_at[key] = now + seconds + self._taken.get(key, 0.0) + owed

    def _sweep(self, now: float) -> None:
        """Forgets full buckets; under a flood of addresses also the oldest others, to bound the memory."""
        self._swept = now
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        for key in list(self._full_at)[: len(self._full_at) - MOST_KEYS // 2]:
            del self._full_at[key]
        self._owed = {key: seconds for key, seconds in self._owed.items() if key in self._full_at}


def _too_many(wait: float) -> Refusal:
    refusal = unavailable(429, "Too many requests", wait)
    refusal.headers.append((b"x-retry-in", f"{wait * 1000:.0f}ms".encode()))
    return refusal
