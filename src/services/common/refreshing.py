"""Runs one piece of work for all who need its result at the same time; what the work is they know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic


class Refresher:
    """Whoever asks gets the effect of a run that began later; runs keep a distance, in seconds."""

    def __init__(self, work: Callable[[], Awaitable[None]], distance: float) -> None:
        self._work = work
        self._distance = distance
        self._began = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> None:
        asked = monotonic()
        async with self._one_at_a_time:
            if self._began >= asked:
                return
            await asyncio.sleep(max(0.0, self._began + self._distance - asked))
            self._began = monotonic()
            await self._work()
