"""A service that does not answer is left alone for a while, and is asked again as soon as it may be well."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from services.gateway.breaker import FAILURES, OPEN_SECONDS, Breaker
from services.gateway.refusal import Refusal
from tests.services.gateway.conftest import Clock, gateway
from tests.services.running import Seen, Upstream, exchange, port_of, public_server, running, unused_port

ITEMS = "/api/v1/items/"
USERS = "/api/v1/users/me"
LEFT_ALONE = {"detail": "The service items does not answer at the moment"}


def broken(clock: Clock) -> Breaker:
    breaker = Breaker("items", clock)
    for _ in range(FAILURES):
        breaker.enter()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_and_lets_one_try_through_each_time() -> None:
    clock = Clock()
    breaker = broken(clock)
    with pytest.raises(Refusal) as refused:
        breaker.enter()
    assert (refused.value.status, refused.value.headers) == (503, [(b"retry-after", b"1")])
    clock.now += OPEN_SECONDS
    breaker.enter()
    with pytest.raises(Refusal):
        breaker.enter()
    breaker.failed()
    clock.now += OPEN_SECONDS
    breaker.enter()
    breaker.answered()
    breaker.enter()
    breaker.enter()


def test_a_try_whose_end_nobody_hears_of_is_followed_by_another() -> None:
    clock = Clock()
    breaker = broken(clock)
    for _ in range(3):
        clock.now += OPEN_SECONDS
        breaker.enter()


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker("items", Clock())
    for _ in range(3 * FAILURES):
        breaker.enter()
        breaker.failed()
        breaker.answered()
    assert not breaker.open


async def test_a_dead_service_is_left_alone_and_asked_again_when_it_lives(
    upstream: Upstream, tmp_path: Path
) -> None:
    port = unused_port()
    async with gateway(port, tmp_path) as found:
        answers = [await found.client.get(ITEMS) for _ in range(FAILURES + 1)]
        assert {each.status_code for each in answers} == {503}
        assert answers[0].json() != LEFT_ALONE
        assert answers[-1].json() == LEFT_ALONE
        assert (await found.client.get(USERS)).json()["detail"] == "The service users cannot be reached"
        listening = socket.create_server(("127.0.0.1", port))
        async with running(public_server(upstream, keep_idle=30), listening):
            assert port_of(listening) == port
            await asyncio.sleep(OPEN_SECONDS)
            assert (await found.client.get(ITEMS)).status_code == 200
            assert (await found.client.get(ITEMS)).status_code == 200


async def test_a_service_that_hangs_soon_costs_no_deadline_any_more(
    service: int, upstream: Upstream, tmp_path: Path
) -> None:
    async def answer(seen: Seen, send) -> None:
        await asyncio.sleep(30)

    upstream.answer = answer
    async with gateway(service, tmp_path, deadline_seconds=0.2) as found:
        slow = await asyncio.gather(*(found.client.get(ITEMS) for _ in range(FAILURES)))
        assert {each.status_code for each in slow} == {504}
        began = time.monotonic()
        answered = await found.client.get(ITEMS)
        assert time.monotonic() - began < 0.2
        assert (answered.status_code, answered.json()) == (503, LEFT_ALONE)


async def test_clients_that_break_off_cannot_close_a_service_to_others(service: int, tmp_path: Path) -> None:
    async with gateway(service, tmp_path, deadline_seconds=0.3) as found:
        head = f"POST {ITEMS} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        for sent in (head + b"3\r\nabc\r\n", head + b"3\r\nabc\r\nzz"):
            half = [exchange(found.port, sent, timeout=3) for _ in range(2 * FAILURES)]
            await asyncio.gather(*half)
        assert (await found.client.get(ITEMS)).status_code == 200
