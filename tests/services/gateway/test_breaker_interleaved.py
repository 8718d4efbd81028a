"""What a breaker promises, in whatever order answers, failures and silence come back."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

from services.gateway.breaker import FAILURES, OPEN_SECONDS, Breaker
from services.gateway.refusal import Refusal
from tests.services.interleaving import InterleavedLoop, interleave

SEEDS = [200, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
TOLERANCE = 1e-6


class Service:
    """Well, ill or silent for a time each; what came of its calls is counted beside the breaker."""

    def __init__(self, draw: Random, met: Counter[str]) -> None:
        self._draw, self._met = draw, met
        self._loop: InterleavedLoop = asyncio.get_running_loop()
        self._breaker = Breaker("items", self._loop.time)
        self._in_a_row = 0
        self._since = 0.0  # when it opened, or the last try while open
        self._health = "well"

    async def change(self, seconds: float) -> None:
        while self._loop.time() < seconds:
            self._health = self._draw.choice(("well", "ill", "ill", "silent", "mixed"))
            await asyncio.sleep(self._draw.choice((0.1, OPEN_SECONDS, self._draw.uniform(0, 6))))

    async def call(self) -> None:
        opened = self._in_a_row >= FAILURES
        passed = self._loop.time() - self._since
        try:
            self._breaker.enter()
        except Refusal:
            assert opened, "refused although closed"
            assert passed < OPEN_SECONDS + TOLERANCE, "no try although it is time for one"
            self._met["refused"] += 1
            return
        if opened:
            assert passed > OPEN_SECONDS - TOLERANCE, "a second try too soon"
            self._since = self._loop.time()
            self._met["tries"] += 1
        await asyncio.sleep(self._draw.choice((0.0, 0.3, self._draw.uniform(0, 3))))
        self._end()

    def _end(self) -> None:
        health = self._draw.choice(("well", "ill", "silent")) if self._health == "mixed" else self._health
        if health == "well":
            self._breaker.answered()
            self._in_a_row = 0
        elif health == "ill":
            self._breaker.failed()
            self._in_a_row += 1
            if self._in_a_row == FAILURES:
                self._since = self._loop.time()
                self._met["opened"] += 1

    async def client(self, seconds: float) -> None:
        while self._loop.time() < seconds:
            await self.call()
            await asyncio.sleep(self._draw.choice((0.0, 0.1, OPEN_SECONDS)))


async def scenario(draw: Random, met: Counter[str]) -> None:
    service = Service(draw, met)
    async with asyncio.TaskGroup() as group:
        group.create_task(service.change(20))
        for _ in range(draw.randint(1, 12)):
            group.create_task(service.client(20))


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_breaker_keeps_its_promises_in_any_order(seeds: int) -> None:
    met: Counter[str] = Counter()
    interleave(lambda draw: scenario(draw, met), seeds)
    print(dict(met))
