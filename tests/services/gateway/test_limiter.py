"""How many requests a client may send, and what it is told beyond that."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway import limiter
from services.gateway.limiter import Limiter
from services.gateway.refusal import Refusal
from tests.services.gateway.conftest import Clock, gateway
from tests.services.running import Upstream

ITEMS = "/api/v1/items/"


def admitted(limit: Limiter, key: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            count += limit.reserve(key) < 1e-9
        except Refusal:
            continue
    return count


def test_a_burst_passes_and_then_the_average() -> None:
    clock = Clock()
    limit = Limiter(50, 25, clock)
    assert admitted(limit, "a", 100) == 25
    clock.now += 0.1
    assert admitted(limit, "a", 100) == 5
    clock.now += 60
    assert admitted(limit, "a", 100) == 25


def test_clients_do_not_share_their_allowance() -> None:
    limit = Limiter(50, 25, Clock())
    assert [admitted(limit, key, 50) for key in ("a", "b")] == [25, 25]


def test_a_request_that_is_just_early_waits_and_a_refused_one_says_how_long() -> None:
    clock = Clock()
    limit = Limiter(50, 1, clock)
    assert limit.reserve("a") == 0
    with pytest.raises(Refusal) as refused:
        limit.reserve("a")
    assert refused.value.status == 429
    assert refused.value.headers == [(b"retry-after", b"1"), (b"x-retry-in", b"20ms")]
    clock.now += 0.0125
    assert limit.reserve("a") == pytest.approx(0.0075)


def test_refused_requests_do_not_delay_the_next_admitted_one() -> None:
    clock = Clock()
    limit = Limiter(1, 1, clock)
    assert admitted(limit, "a", 1000) == 1
    clock.now += 1
    assert admitted(limit, "a", 1) == 1


def test_what_nobody_heard_of_is_not_forgiven_by_what_is_heard_later() -> None:
    clock = Clock()
    limit = Limiter(50, 25, clock, replicas=3)
    limit.share(True)
    assert admitted(limit, "a", 100) == 25
    limit.collect()
    limit.lose()
    limit.correct({"a": 0.02})
    assert admitted(limit, "a", 100) == 0
    clock.now += 1
    assert admitted(limit, "a", 100) == 0
    clock.now += (
        0.6  # three times what a burst takes to be refilled, since three processes may have granted it
    )
    assert admitted(limit, "a", 100) == 25


def test_a_flood_of_addresses_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "MOST_KEYS", 1000)
    limit = Limiter(1, 1, Clock())
    for number in range(5000):
        limit.reserve(str(number))
    assert len(limit._full_at) <= 1000


async def test_beyond_the_limit_a_client_is_told_when_to_come_back(service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, limit_average=2, limit_burst=5) as found:
        answers = [await found.client.get(ITEMS) for _ in range(8)]
        assert [each.status_code for each in answers] == [200] * 5 + [429] * 3
        refused = answers[-1]
        assert refused.json() == {"detail": "Too many requests"}
        assert refused.headers["retry-after"] == "1"
        assert 0 < int(refused.headers["x-retry-in"].removesuffix("ms")) <= 500
        await asyncio.sleep(0.6)
        assert (await found.client.get(ITEMS)).status_code == 200


async def test_addresses_are_told_apart_and_a_forged_one_does_not_help(service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, limit_average=1, limit_burst=3) as found:
        forged = [{"X-Forwarded-For": f"9.9.9.{n}"} for n in range(6)]
        statuses = [(await found.client.get(ITEMS, headers=each)).status_code for each in forged]
        assert statuses == [200] * 3 + [429] * 3
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port, local_addr=("127.0.0.2", 0))
        writer.write(f"GET {ITEMS} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/login/access-token"),
        ("POST", "/api/v1/password-recovery/a@example.org"),
        ("POST", "/api/v1/users/signup"),
        ("POST", "/api/v1/users/"),
        ("POST", "/api/v1/reset-password/"),
    ],
)
async def test_guessing_and_registering_are_limited_more_strictly(
    method: str, path: str, service: int, upstream: Upstream, tmp_path
) -> None:
    async with gateway(service, tmp_path, login_limit_average=1, login_limit_burst=2) as found:
        statuses = [(await found.client.request(method, path)).status_code for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        headers = {"Authorization": "Bearer t"}
        assert (await found.client.post("/api/v1/users/", headers=headers)).status_code == 200
        assert (await found.client.get(ITEMS)).status_code == 200
    assert len(upstream.seen) == 4


async def test_processes_that_share_a_listener_share_the_allowance(service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, limit_average=2, limit_burst=10, replicas=2) as found:
        statuses = [(await found.client.get(ITEMS)).status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
