"""While somebody holds the gateway, requests wait instead of failing; a hold nobody renews ends by itself."""

from __future__ import annotations

import asyncio
import time

from services.gateway import hold as holding
from tests.services.gateway.conftest import Running, gateway
from tests.services.running import Seen, Upstream, echo, say

ITEMS = "/api/v1/items/"


def gate(upstream: Upstream) -> asyncio.Event:
    """Answers of the service wait for this event."""
    let = asyncio.Event()

    async def answer(seen: Seen, send) -> None:
        await let.wait()
        await echo(seen, send)

    upstream.answer = answer
    return let


async def until(found: Running, **expected: object) -> None:
    async with asyncio.timeout(3):
        while not expected.items() <= (await found.state()).items():
            await asyncio.sleep(0.01)


async def test_requests_that_arrive_during_a_hold_are_answered_after_it(
    running_gateway: Running, upstream: Upstream
) -> None:
    answer = await running_gateway.put("/control/hold", id="restore-1", seconds=30)
    assert (answer.status_code, answer.json()["mode"], answer.json()["in_flight"]) == (200, "hold", 0)
    waiting = [asyncio.create_task(running_gateway.client.get(ITEMS)) for _ in range(20)]
    await until(running_gateway, held=20, in_flight=0, id="restore-1")
    assert upstream.seen == []
    assert (await running_gateway.put("/control/open", id="restore-1")).json()["mode"] == "open"
    assert [each.status_code for each in await asyncio.gather(*waiting)] == [200] * 20
    assert (await running_gateway.state()) | {"in_flight": 0, "held": 0, "mode": "open"} == (
        await running_gateway.state()
    )


async def test_a_hold_answers_only_when_nothing_is_under_way(
    running_gateway: Running, upstream: Upstream
) -> None:
    let = gate(upstream)
    earlier = asyncio.create_task(running_gateway.client.get(ITEMS))
    await until(running_gateway, in_flight=1)
    hold = asyncio.create_task(running_gateway.put("/control/hold", id="a", seconds=30))
    await until(running_gateway, mode="hold", in_flight=1)
    await asyncio.sleep(0.1)
    assert not hold.done()
    let.set()
    assert (await hold).json()["in_flight"] == 0
    assert (await earlier).status_code == 200


async def test_a_hold_that_never_gets_quiet_says_so_and_stays_until_it_is_ended(
    service: int, upstream: Upstream, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("services.gateway.controls.SPARE_SECONDS", -1.8)
    gate(upstream)
    async with gateway(service, tmp_path, deadline_seconds=2) as found:
        earlier = asyncio.create_task(found.client.get(ITEMS))
        await until(found, in_flight=1)
        answer = await found.put("/control/hold", id="a", seconds=30)
        assert answer.status_code == 504
        assert answer.json()["detail"] == "Requests are still under way"
        assert (answer.json()["mode"], answer.json()["in_flight"]) == ("hold", 1)
        await found.put("/control/open", id="a")
        assert (await earlier).status_code == 504


async def test_a_hold_whose_holder_died_releases_itself(running_gateway: Running) -> None:
    await running_gateway.put("/control/hold", id="a", seconds=0.3)
    began = time.monotonic()
    answer = await running_gateway.client.get(ITEMS)
    assert answer.status_code == 200
    assert 0.1 < time.monotonic() - began < 1
    assert (await running_gateway.state())["mode"] == "open"


async def test_the_same_holder_renews_its_lease(running_gateway: Running) -> None:
    first = (await running_gateway.put("/control/hold", id="a", seconds=0.2)).json()["until"]
    second = (await running_gateway.put("/control/hold", id="a", seconds=30)).json()["until"]
    assert second > first + 20
    await asyncio.sleep(0.4)
    assert (await running_gateway.state())["mode"] == "hold"


async def test_a_second_holder_is_refused_and_cannot_end_the_first_hold(running_gateway: Running) -> None:
    await running_gateway.put("/control/hold", id="a", seconds=30)
    answer = await running_gateway.put("/control/hold", id="b", seconds=30)
    assert (answer.status_code, answer.json()["id"]) == (409, "a")
    assert (await running_gateway.put("/control/open", id="b")).json()["mode"] == "hold"
    assert (await running_gateway.put("/control/open", id=None)).json()["mode"] == "open"


async def test_a_request_waits_for_a_bounded_time(service: int, upstream: Upstream, tmp_path) -> None:
    async with gateway(service, tmp_path, hold_seconds=0.2) as found:
        await found.put("/control/hold", id="a", seconds=30)
        answer = await found.client.get(ITEMS)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (await found.state())["held"] == 0
    assert upstream.seen == []


async def test_the_time_held_does_not_count_against_the_deadline(service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, deadline_seconds=0.3) as found:
        await found.put("/control/hold", id="a", seconds=0.6)
        assert (await found.client.get(ITEMS)).status_code == 200


async def test_a_hold_keeps_a_bounded_number_of_requests(running_gateway: Running, monkeypatch) -> None:
    monkeypatch.setattr(holding, "MOST_HELD", 3)
    await running_gateway.put("/control/hold", id="a", seconds=0.4)
    statuses = await asyncio.gather(*(running_gateway.client.get(ITEMS) for _ in range(5)))
    assert sorted(each.status_code for each in statuses) == [200, 200, 200, 503, 503]


async def test_a_malformed_hold_changes_nothing(running_gateway: Running) -> None:
    for document in (
        {},
        {"id": "a"},
        {"id": "", "seconds": 1},
        {"id": "a", "seconds": 0},
        {"id": "a", "seconds": 1e9},
    ):
        answer = await running_gateway.control.put("/control/hold", json=document)
        assert answer.status_code == 422, document
    assert (await running_gateway.control.put("/control/hold", content=b"[")).status_code == 400
    assert (await running_gateway.state())["mode"] == "open"


async def test_the_control_routes_are_not_public(running_gateway: Running) -> None:
    answer = await running_gateway.client.put("/control/hold", json={"id": "a", "seconds": 30})
    assert answer.status_code == 404
    assert (await running_gateway.state())["mode"] == "open"


async def test_a_gateway_that_holds_tells_whether_it_reaches_each_service(
    running_gateway: Running, upstream: Upstream
) -> None:
    await running_gateway.put("/control/hold", id="a", seconds=30)
    found = await running_gateway.control.get("/control/reach")
    assert (found.status_code, found.json()["mode"]) == (200, "hold")
    assert len(upstream.seen) == 3

    async def broken(seen: Seen, send) -> None:
        await say(send, 500, b"")

    upstream.answer = broken
    assert (await running_gateway.control.get("/control/reach")).status_code == 502


async def test_a_service_that_hangs_is_not_reached(running_gateway: Running, upstream: Upstream) -> None:
    gate(upstream)
    assert (await running_gateway.control.get("/control/reach")).status_code == 504
