"""What a hold promises, in whatever order its holders and the requests come to their turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from random import Random

import pytest

from services.gateway.hold import HeldByAnotherError, Hold
from services.gateway.refusal import Refusal
from tests.services.interleaving import InterleavedLoop, interleave

SEEDS = [200, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
TOLERANCE = 1e-6
LONGEST_LEASE = 3.0


class Account:
    """Who holds and who is under way, written down by those who do it and never asked of the hold itself."""

    def __init__(self, loop: InterleavedLoop) -> None:
        self._loop = loop
        self._since = 0.0  # last moment up to which `_open` is known
        self._open = 0.0
        self.holder: str | None = None
        self.until = 0.0
        self.leases = 0
        self.inside = 0

    @property
    def held(self) -> bool:
        return self.holder is not None and self._loop.time() < self.until

    def open_seconds(self) -> float:
        """For how long nobody has held, in all."""
        now = self._loop.time()
        if self.holder is None:
            self._open += now - self._since
        elif now > self.until:
            self._open += now - max(self._since, self.until)
        self._since = now
        return self._open

    def taken(self, holder: str, seconds: float) -> None:
        assert not self.held or self.holder == holder, f"{holder} took what {self.holder} holds"
        self.open_seconds()
        if not self.held:
            self.leases += 1
        self.holder, self.until = holder, self._loop.time() + seconds

    def released(self) -> None:
        self.open_seconds()
        self.holder = None


class World:
    def __init__(self, draw: Random, met: Counter[str]) -> None:
        self.draw, self.met = draw, met
        self.loop: InterleavedLoop = asyncio.get_running_loop()
        self.longest_wait = draw.uniform(0.2, 2)
        self.hold = Hold(self.longest_wait)
        self.account = Account(self.loop)

    def moment(self) -> float:
        """Many things happen at the same ones."""
        return self.draw.choice((0.0, 0.5, 1.0, self.longest_wait, self.draw.uniform(0, 4)))

    async def request(self) -> None:
        await asyncio.sleep(self.moment() + self.moment())
        account, came, lag = self.account, self.loop.time(), self.loop.lag
        open_before = account.open_seconds()
        try:
            await self.hold.enter()
        except Refusal:
            self.met["refused"] += 1
            assert self.loop.time() - came > self.longest_wait - TOLERANCE, "refused too early"
            return
        finally:
            late = self.loop.lag - lag + TOLERANCE
            assert self.loop.time() - came <= self.longest_wait + late, "waited too long"
            assert account.open_seconds() - open_before <= late, "waited although nobody held"
        assert not account.held, "entered what is held"
        account.inside += 1
        self.met["entered"] += 1
        try:
            await asyncio.sleep(self.draw.choice((0.0, self.moment())))
        finally:
            account.inside -= 1
            self.hold.leave()

    async def client(self) -> None:
        """One that may go away before it is answered."""
        request = asyncio.create_task(self.request())
        if self.draw.random() < 0.3:
            await asyncio.sleep(self.moment() + self.moment())
            self.met["gone away"] += request.cancel()
        with suppress(asyncio.CancelledError):
            await request

    async def holder(self, name: str) -> None:
        """Takes, perhaps renews, waits for quiet; then it ends its hold, or is never heard of again."""
        for _ in range(self.draw.randint(1, 4)):
            await asyncio.sleep(self.moment())
            for _ in range(self.draw.choice((1, 1, 2, 3))):
                if not self._take(name):
                    break
                await self._quiet(name)
                await asyncio.sleep(self.draw.choice((0.0, self.moment() / 2)))
            if self.draw.random() < 0.6:
                self._release(self.draw.choice((name, name, name, None, "nobody")))

    def _take(self, name: str) -> bool:
        seconds = self.draw.choice((0.5, 1.0, self.longest_wait, self.draw.uniform(0.01, LONGEST_LEASE)))
        try:
            self.hold.take(name, seconds)
        except HeldByAnotherError:
            assert self.account.holder not in (None, name), "refused by nobody"
            return False
        self.account.taken(name, seconds)
        self.met["taken or renewed"] += 1
        return True

    async def _quiet(self, name: str) -> None:
        lease, began, patience = self.account.leases, self.loop.time(), self.draw.uniform(0.1, 2)
        lag = self.loop.lag
        quiet = await self.hold.quiet(patience)
        late = self.loop.lag - lag + TOLERANCE
        assert self.loop.time() - began <= patience + late
        if quiet and self.account.held and (self.account.holder, self.account.leases) == (name, lease):
            assert self.account.inside == 0, "told that all is quiet, and it is not"
        if not quiet:
            assert self.loop.time() - began >= patience - TOLERANCE

    def _release(self, name: str | None) -> None:
        account = self.account
        theirs = account.held and name in (None, account.holder)
        done = self.hold.release(name)
        assert done or not theirs, "not released"
        assert not (done and account.held and not theirs), "released what another holds"
        if done:
            account.released()


async def scenario(draw: Random, met: Counter[str]) -> None:
    world = World(draw, met)
    async with asyncio.TaskGroup() as group:
        for _ in range(draw.randint(5, 25)):
            group.create_task(world.client())
        for number in range(draw.randint(1, 3)):
            group.create_task(world.holder(f"holder {number}"))
    assert (world.hold.in_flight, world.hold.held, world.account.inside) == (0, 0, 0)
    await asyncio.sleep(LONGEST_LEASE + 0.1)
    assert world.hold.lease is None, "nobody renews it, and it does not end"
    assert await world.hold.quiet(0.1)
    await world.hold.enter()
    world.hold.leave()


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_hold_keeps_its_promises_in_any_order(seeds: int) -> None:
    met: Counter[str] = Counter()
    interleave(lambda draw: scenario(draw, met), seeds)
    print(dict(met))
