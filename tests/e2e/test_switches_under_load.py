"""Restores and undos while clients ask through the gateway: each request is answered, the held ones late."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest

from tests import records
from tests.e2e.life import PASSWORD, PEOPLE, SURE, Api, Life
from tests.services.running import status_of

pytestmark = [pytest.mark.timeout(1800), pytest.mark.alone]
PAUSE = 1.0  # seconds between two requests of a client, on average
REQUEST = "GET /api/v1/items/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
RELIABILITY = Path(__file__).parents[2] / "docs/reliability.md"


class Crowd:
    """Clients with a connection each and one person's token, which is taken anew when it is refused."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._token = self._log_in()
        self._renewing = asyncio.Lock()
        self.statuses: Counter[int | str] = Counter()
        self.took: list[tuple[float, float]] = []  # when it was asked, and how many seconds it took

    def _log_in(self) -> str:
        return Api(self._life.environment, PEOPLE[0], PASSWORD).token

    async def ask(self, number: int, over: asyncio.Event) -> None:
        draw = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._life.environment.port)
        while not over.is_set():
            token, began = self._token, time.monotonic()
            writer.write(REQUEST.format(token=token).encode())
            try:
                status = await status_of(reader)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                self.statuses[repr(error)] += 1
                return
            self.statuses[status] += 1
            self.took.append((began, time.monotonic() - began))
            if status == 401:
                await self._renew(token)
            await asyncio.sleep(draw.uniform(0, 2 * PAUSE))
        writer.close()

    async def _renew(self, refused: str) -> None:
        async with self._renewing:
            if self._token == refused:
                self._token = await asyncio.to_thread(self._log_in)

    def slowest_during(self, began: float, ended: float) -> float:
        return max((took for at, took in self.took if at < ended and at + took > began), default=0.0)


@pytest.mark.parametrize(("rounds", "clients"), [(1, 50), pytest.param(20, 200, marks=pytest.mark.soak)])
async def test_no_request_fails_while_databases_are_switched(life: Life, rounds: int, clients: int) -> None:
    assert (await asyncio.to_thread(life.environment.run, "backup", "create")).code == 0
    crowd, over = Crowd(life), asyncio.Event()
    waited: dict[str, list[float]] = {"restore": [], "restore --undo": []}
    slowest: dict[str, list[float]] = {name: [] for name in waited}
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(crowd.ask(number, over))
        await asyncio.sleep(2 * PAUSE)
        for _ in range(rounds):
            for verb in waited:
                began = time.monotonic()
                ended = await asyncio.to_thread(life.environment.run, *verb.split(), *SURE)
                assert ended.code == 0, ended.err
                waited[verb].append(ended.data["waited"])
                await asyncio.sleep(PAUSE)
                slowest[verb].append(crowd.slowest_during(began, time.monotonic()))
        over.set()
    assert set(crowd.statuses) == {200, 401}, crowd.statuses
    shown = table(waited, slowest, crowd.statuses, clients)
    print(shown)
    if clients == 200:
        records.write(RELIABILITY, "Switches under load", "switches", shown)


def table(
    waited: dict[str, list[float]],
    slowest: dict[str, list[float]],
    statuses: Counter[int | str],
    clients: int,
) -> str:
    lines = [
        f"Commit {records.commit()}: {clients} clients asked {statuses.total():,} times through the gateway; "
        f"{statuses[401]:,} were told to sign in again (401), none failed. Seconds:\n",
        "| verb | times | requests were held, p50 | p99 | slowest request of each, p50 | p99 |",
        "|---|---|---|---|---|---|",
    ]
    for verb, held in waited.items():
        figures = (*spread(held), *spread(slowest[verb]))
        lines.append(f"| `{verb}` | {len(held)} | " + " | ".join(f"{each:.2f}" for each in figures) + " |")
    return "\n".join(lines) + "\n"


def spread(values: list[float]) -> tuple[float, float]:
    """Median and 99th percentile; of fewer than 100 values the latter is the greatest."""
    return statistics.median(values), sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
