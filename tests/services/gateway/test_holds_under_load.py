"""Holds of a real gateway process while many clients ask it: each of them waits, and none is refused."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from tests.services.people import Person
from tests.services.processes import Platform, Service
from tests.services.running import status_of

PLENTY = {"LIMIT_AVERAGE": "100000", "LIMIT_BURST": "100000"}
HELD_SECONDS = 0.5
PAUSE_SECONDS = 0.5  # of a client after an answer, on average: all of them meet each hold
LEASE_SECONDS = 1.0
HOLDER = """
import sys, time, httpx
transport = httpx.HTTPTransport(uds=sys.argv[1], verify=False)
with httpx.Client(transport=transport, base_url="http://control", timeout=10) as client:
    while True:
        client.put("/control/hold", json={"id": "doomed", "seconds": float(sys.argv[2])}).raise_for_status()
        time.sleep(0.2)
"""


class Crowd:
    """Clients with a connection each, half of them asking auth and half asking items."""

    def __init__(self, port: int, token: str) -> None:
        self.statuses: Counter[int] = Counter()
        self.longest = 0.0
        self._port = port
        head = "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\n\r\n"
        paths = ("/.well-known/jwks.json", "/api/v1/items/")
        self._wires = [head.format(path=path).encode() for path in paths]

    async def ask(self, number: int, over: asyncio.Event) -> None:
        draw = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while not over.is_set():
            began = time.monotonic()
            writer.write(self._wires[number % 2])
            try:
                status = await status_of(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.statuses[0] += 1
                return
            self.statuses[status] += 1
            self.longest = max(self.longest, time.monotonic() - began)
            await asyncio.sleep(draw.uniform(0, 2 * PAUSE_SECONDS))
        writer.close()


@asynccontextmanager
async def asking(gateway: Service, person: Person, clients: int) -> AsyncIterator[Crowd]:
    """`clients` at once for the block; all of them have had an answer at its end."""
    crowd, over = Crowd(gateway.listener.getsockname()[1], person.access), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(crowd.ask(number, over))
        await asyncio.sleep(2 * PAUSE_SECONDS)
        yield crowd
        over.set()
    print(f"{clients} clients: {crowd.statuses.total()} answers, the longest took {crowd.longest:.2f} s")


@pytest.fixture
def gateway(platform: Platform) -> Iterator[Service]:
    with platform.gateways(1, **PLENTY) as [found]:
        yield found


@contextmanager
def holder(gateway: Service) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds and renews its lease until it is killed."""
    where = gateway.environment["CONTROL_SOCKET"]
    child = subprocess.Popen([sys.executable, "-c", HOLDER, where, str(LEASE_SECONDS)])
    try:
        yield child
    finally:
        child.kill()
        child.wait()


async def control(gateway: Service, path: str, **document: object) -> dict:
    answer = await asyncio.to_thread(gateway.control, path, **document)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def until(gateway: Service, mode: str) -> None:
    async with asyncio.timeout(20):
        while (await control(gateway, "/control/state"))["mode"] != mode:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("holds", "clients"), [(4, 100), pytest.param(20, 200, marks=pytest.mark.soak)])
async def test_no_request_fails_while_the_gateway_is_held_again_and_again(
    gateway: Service, someone: Person, holds: int, clients: int
) -> None:
    met = []
    async with asking(gateway, someone, clients) as crowd:
        for number in range(holds):
            held = await control(gateway, "/control/hold", id=f"hold-{number}", seconds=10)
            assert (held["mode"], held["in_flight"]) == ("hold", 0)
            await asyncio.sleep(0.1)  # what was answered before is here by now
            answered = crowd.statuses.total()
            await asyncio.sleep(HELD_SECONDS - 0.1)
            state = await control(gateway, "/control/state")
            met.append(state["held"])
            assert (state["mode"], state["in_flight"]) == ("hold", 0)
            assert crowd.statuses.total() == answered
            assert (await control(gateway, "/control/open", id=f"hold-{number}"))["mode"] == "open"
            await asyncio.sleep(HELD_SECONDS)
    print(f"{holds} holds met {sum(met)} requests")
    assert set(crowd.statuses) == {200}
    assert min(met) > clients / 4
    state = await control(gateway, "/control/state")
    assert (state["mode"], state["in_flight"], state["held"]) == ("open", 0, 0)


async def test_a_holder_that_is_killed_holds_no_longer_than_its_lease(
    gateway: Service, someone: Person
) -> None:
    async with asking(gateway, someone, 50) as crowd:
        with holder(gateway) as process:
            await until(gateway, "hold")
            await asyncio.sleep(1.5 * LEASE_SECONDS)  # it was renewed by now
            assert (await control(gateway, "/control/state"))["id"] == "doomed"
            process.kill()
            process.wait()
            killed = time.monotonic()
            await until(gateway, "open")
            assert time.monotonic() - killed < LEASE_SECONDS + 0.5
    assert set(crowd.statuses) == {200}
