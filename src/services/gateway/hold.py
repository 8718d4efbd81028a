"""Counts the requests under way, and keeps new ones waiting while somebody holds the gateway."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from services.gateway.refusal import Refusal, unavailable

MOST_HELD = 1000


class HeldByAnotherError(Exception):
    """Somebody else's hold is in force; nothing was changed."""


@dataclass(slots=True)
class Lease:
    id: str
    until: float
    timer: asyncio.TimerHandle


class Hold:
    """A hold is a lease: it ends when its holder ends it, or by itself when nobody renews it."""

    def __init__(self, longest_wait: float) -> None:
        self._longest_wait = longest_wait
        self._lease: Lease | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.in_flight = 0
        self.held = 0

    @property
    def lease(self) -> Lease | None:
        return self._lease

    async def enter(self) -> None:
        """Every return is to be followed by one leave(). Raises Refusal (503)."""
        if self._lease is not None:
            await self._wait()
        self.in_flight += 1
        if self.in_flight == 1:
            self._idle.clear()

    def leave(self) -> None:
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    def take(self, holder: str, seconds: float) -> None:
        """Holds from now on for `seconds`, or renews. Raises HeldByAnotherError."""
        if self._lease is not None and self._lease.id != holder:
            raise HeldByAnotherError(self._lease.id)
        if self._lease is not None:
            self._lease.timer.cancel()
        timer = asyncio.get_running_loop().call_later(seconds, self.release, holder)
        self._lease = Lease(holder, time.time() + seconds, timer)
        self._open.clear()

    def release(self, holder: str | None) -> bool:
        """Ends this hold, or with None any; false when it was not in force."""
        if self._lease is None or holder not in (None, self._lease.id):
            return False
        self._lease.timer.cancel()
        self._lease = None
        self._open.set()
        return True

    async def quiet(self, seconds: float) -> bool:
        """Whether nothing was under way at some moment within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _wait(self) -> None:
        if self.held >= MOST_HELD:
            raise _paused(1)
        self.held += 1
        try:
            async with asyncio.timeout(self._longest_wait):
                while self._lease is not None:
                    await self._open.wait()
        except TimeoutError:
            raise _paused(1) from None
        finally:
            self.held -= 1


def _paused(seconds: float) -> Refusal:
    return unavailable(503, "The platform is paused for a moment; try again shortly", seconds)
