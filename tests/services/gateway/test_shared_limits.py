"""Three gateway processes grant a client one allowance together, and their parts of it without the store."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.postgres import Postgres
from tests.services.processes import Platform, Service, serving
from tests.services.running import status_of

AVERAGE, BURST = 50, 25
REQUEST = b"GET /api/v1/items/ HTTP/1.1\r\nHost: a\r\n\r\n"  # 401: the cheapest answer of a service


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Iterator[Platform]:
    with serving(postgres, "limits") as running:
        yield running


async def _ask(gateway: Service, client: str, until: float, pause: float, statuses: Counter[int]) -> None:
    """One connection that asks, waits for the answer and pauses, until the time is over."""
    port = gateway.listener.getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0))
    while time.monotonic() < until:
        writer.write(REQUEST)
        statuses[await status_of(reader)] += 1
        await asyncio.sleep(pause)
    writer.close()


async def load(
    gateways: list[Service], seconds: float, times: int = 10, client: str = "127.0.0.1"
) -> tuple[Counter[int], float]:
    """About `times` the allowed rate over all of them; the statuses, and how long it took."""
    connections = 4
    pause = connections * len(gateways) / (times * AVERAGE)
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    asking = [
        _ask(each, client, began + seconds, pause, statuses) for each in gateways for _ in range(connections)
    ]
    await asyncio.gather(*asking)
    return statuses, time.monotonic() - began


def admitted(statuses: Counter[int]) -> int:
    return statuses[401]


async def _until_shared(gateways: list[Service]) -> None:
    async with asyncio.timeout(10):
        while not all(each.lines("limits are shared by all gateway processes") for each in gateways):
            await asyncio.sleep(0.05)


async def test_a_burst_on_one_process_is_granted_in_full(own: Platform) -> None:
    other = "127.0.0.2"  # its debt is not the next test's
    with own.gateways(3, LIMIT_AVERAGE="1", LIMIT_BURST=str(BURST)) as gateways:
        await _until_shared(gateways)
        statuses, _ = await load(gateways[:1], 0.5, times=400, client=other)
        assert admitted(statuses) == BURST
        await asyncio.sleep(0.3)
        statuses, _ = await load(gateways[1:], 0.5, client=other)
        assert admitted(statuses) <= 2 * BURST
        await asyncio.sleep(0.3)
        statuses, _ = await load(gateways, 0.5, client=other)
        assert admitted(statuses) <= 2  # what two seconds refilled: all wait for what was too much


@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(300)])])
async def test_three_processes_grant_one_allowance_and_their_parts_when_the_store_is_killed(
    own: Platform, seconds: float
) -> None:
    with own.gateways(3, LIMIT_AVERAGE=str(AVERAGE), LIMIT_BURST=str(BURST)) as gateways:
        await _until_shared(gateways)
        statuses, took = await load(gateways, seconds)
        allowed = AVERAGE * took + BURST
        print(f"shared: {sum(statuses.values())} asked, {admitted(statuses)} admitted of {allowed:.0f}")
        assert set(statuses) == {401, 429}
        assert sum(statuses.values()) > 5 * allowed
        assert admitted(statuses) == pytest.approx(allowed, rel=0.1)

        auth = own.services["auth"]
        asyncio.get_running_loop().call_later(0.5, auth.process.send_signal, signal.SIGKILL)
        statuses, took = await load(gateways, seconds)
        allowed = AVERAGE * took + BURST
        print(f"store killed: {sum(statuses.values())} asked, {admitted(statuses)} admitted of {allowed:.0f}")
        assert set(statuses) == {401, 429}
        assert 0.8 * allowed < admitted(statuses) <= 1.1 * allowed
        warned = "limits are not shared, each gateway process grants its part"
        assert all(warned in each.log.read_text() for each in gateways)
        auth.process.wait()
        auth.start()
        auth.wait_until_ready()
