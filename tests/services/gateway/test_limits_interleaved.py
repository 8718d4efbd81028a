"""How much several gateway processes let through together, whatever becomes of what they tell each other."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from random import Random

import pytest
from joserfc.jwk import KeySet, OKPKey

from services.common.service_tokens import ServiceTokens
from services.gateway.limiter import Limiter
from services.gateway.refusal import Refusal, unavailable
from services.gateway.sharing import EVERY, PATIENCE, Sharing
from services.gateway.upstreams import Outgoing
from tests.services.interleaving import InterleavedLoop, interleave

TOKENS = ServiceTokens(
    "gateway", OKPKey.generate_key("Ed25519", {"kid": "gateway"}, private=True), KeySet([])
)
WEATHERS = ("fine", "late", "lossy", "flapping", "dead")
LINK_SECONDS = 0.02  # each way, at most
SEEDS = [200, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
SLACK_SECONDS = 0.1  # by which an exchange may come later, because steps take time


class Answer:
    status = 200

    def __init__(self, until_full: dict[str, float]) -> None:
        self._content = json.dumps({"until_full": until_full}).encode()

    async def read(self) -> bytes:
        return self._content


class Store:
    """Adds up as auth does, at the end of a link that delays and loses."""

    def __init__(self, draw: Random, weather: str) -> None:
        self._draw = draw
        self._loop: InterleavedLoop = asyncio.get_running_loop()
        self._weather = weather
        self._full_at: dict[str, float] = {}
        self.seconds = 0.0  # all that was ever told
        self.lost = 0

    def _loses(self) -> bool:
        odds = {"lossy": 0.3, "flapping": 0.9 * (self._loop.time() % 4 < 2), "dead": 1.0}
        return self._draw.random() < odds.get(self._weather, 0.0)

    async def ask(self, service: str, outgoing: Outgoing) -> object:
        """Auth cannot be reached, never answers, or answers in time or too late."""
        await asyncio.sleep(self._draw.uniform(0, 0.6 if self._weather == "late" else LINK_SECONDS))
        if self._loses():
            self.lost += 1
            if self._draw.random() < 0.5:
                raise unavailable(503, f"The service {service} cannot be reached", 1)
            await asyncio.sleep(10)
        answer = Answer(self._add(json.loads(outgoing.body)["taken"]))
        if self._loses():
            self.lost += 1
            await asyncio.sleep(10)
        await asyncio.sleep(self._draw.uniform(0, LINK_SECONDS))
        return _open(answer)

    def _add(self, taken: dict[str, float]) -> dict[str, float]:
        now = self._loop.time()
        for key, seconds in taken.items():
            self.seconds += seconds
            self._full_at[key] = max(now, self._full_at.get(key, now)) + seconds
        return {key: self._full_at[key] - now for key in taken}


@asynccontextmanager
async def _open(answer: Answer):
    yield answer


class Fleet:
    """N processes, and how many requests of the one client they have let through."""

    def __init__(self, draw: Random, weather: str) -> None:
        self.draw = draw
        self.loop: InterleavedLoop = asyncio.get_running_loop()
        self.count = draw.randint(2, 4)
        self.average, self.burst = draw.choice(((50, 25), (5, 10), (10, 1), (2, 20)))
        self.store = Store(draw, weather)
        self.limits = [
            Limiter(self.average, self.burst, self.loop.time, replicas=self.count) for _ in range(self.count)
        ]
        self.sharing = [Sharing(self.store, TOKENS, {"all": limit}) for limit in self.limits]
        self.admitted = 0
        self.most = 0.0  # beyond the average, at any time

    async def ask(self, limit: Limiter) -> None:
        try:
            await limit.admit("client")
        except Refusal as refusal:
            self.check_again(limit, refusal)
            return
        self.admitted += 1
        self.most = max(self.most, self.admitted - self.average * self.loop.time())

    def check_again(self, limit: Limiter, first: Refusal) -> None:
        """A refused request takes nothing: the next one is told the same."""
        with pytest.raises(Refusal) as second:
            limit.reserve("client")
        assert second.value.headers == first.headers, "a refused request took something"

    async def client(self, until: float) -> None:
        """Asks more than is allowed, at times in a rush, at times a single process, at times not at all."""
        chosen = self.limits
        while self.loop.time() < until:
            if self.draw.random() < 0.02:
                chosen = self.draw.choice((self.limits, [self.draw.choice(self.limits)]))
            if self.draw.random() < 0.005:
                # Long enough, at times, that the bucket is full again.
                await asyncio.sleep(self.draw.uniform(0, 2 * self.burst / self.average))
            await self.ask(self.draw.choice(chosen))
            if self.draw.random() < 0.7:
                await asyncio.sleep(self.draw.expovariate(2 * self.average))

    def longest_debt(self) -> float:
        """Seconds until all is paid for, were nobody to have heard of anything."""
        once = self.burst / self.average + EVERY + PATIENCE + SLACK_SECONDS
        return once * self.count * (self.count + 1)

    def allowed(self, weather: str) -> float:
        """How many more than the average may be let through until any moment."""
        if weather == "dead":
            return self.count * max(1, self.burst / self.count)
        exchange = EVERY + SLACK_SECONDS + (2 * LINK_SECONDS if weather == "fine" else PATIENCE)
        return self.count * (self.burst + self.average * exchange)


async def run(draw: Random, weather: str, met: Counter[str]) -> None:
    fleet = Fleet(draw, weather)
    working = [asyncio.create_task(each.work()) for each in fleet.sharing]
    async with asyncio.TaskGroup() as group:
        for _ in range(draw.randint(1, 4)):
            group.create_task(fleet.client(draw.choice((2, 5, 20))))
    await asyncio.sleep(fleet.longest_debt())
    assert [each.reserve("client") for each in fleet.limits] == [0] * fleet.count, "a debt that is never paid"
    assert not any(each.done() for each in working)
    for each in working:
        each.cancel()
    await asyncio.wait(working)
    met.update(admitted=fleet.admitted, lost=fleet.store.lost)
    assert fleet.most <= fleet.allowed(weather) + 1e-6, f"{weather}: {fleet.most:.1f} more than the average"
    assert fleet.store.seconds * fleet.average <= fleet.admitted + 1e-6, "more was told than let through"


@pytest.mark.parametrize("weather", WEATHERS)
@pytest.mark.parametrize("seeds", SEEDS)
def test_all_processes_together_keep_the_limit_whatever_is_lost(
    seeds: int, weather: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    met: Counter[str] = Counter()
    interleave(lambda draw: run(draw, weather, met), seeds // len(WEATHERS))
    print(weather, dict(met))
