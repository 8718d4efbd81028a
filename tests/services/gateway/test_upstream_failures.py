"""What a client sees when the service behind is away, slow, broken or replaced."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.gateway.upstreams import RetryBudget
from tests.services.common.processes import process
from tests.services.gateway.conftest import Running, gateway
from tests.services.running import Seen, Upstream, exchange, listener, port_of, unused_port

ITEMS = "/api/v1/items/"


@contextlib.asynccontextmanager
async def wire(answer: Callable[[int, asyncio.StreamWriter], None]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that says what `answer(number of the request, writer)` writes, well-formed or not."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked.append(head)
                answer(len(asked), writer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def test_a_service_that_is_away_is_503_and_may_be_asked_again(tmp_path) -> None:
    async with gateway(unused_port(), tmp_path) as found:
        for method in ("GET", "POST"):
            answer = await found.client.request(method, ITEMS)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json() == {"detail": "The service items cannot be reached"}
            assert answer.headers["cache-control"] == "no-store"


async def test_a_slow_service_is_504_at_the_deadline(service: int, upstream: Upstream, tmp_path) -> None:
    async def answer(seen: Seen, send) -> None:
        await asyncio.sleep(5)

    upstream.answer = answer
    async with gateway(service, tmp_path, deadline_seconds=0.2) as found:
        answered = await found.client.get(ITEMS)
        assert (answered.status_code, answered.json()) == (
            504,
            {"detail": "The service items did not answer within 0.2 s"},
        )
        assert (await found.state())["in_flight"] == 0


async def test_a_client_that_does_not_finish_its_request_is_408(
    service: int, upstream: Upstream, tmp_path
) -> None:
    async with gateway(service, tmp_path, deadline_seconds=0.2) as found:
        head = f"POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc".encode()
        answered = await exchange(found.port, head, timeout=3)
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert upstream.seen == []


async def test_an_answer_that_stops_half_way_is_not_passed_off_as_complete(tmp_path) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        writer.close()

    async with wire(answer) as (port, asked), gateway(port, tmp_path) as found:
        answered = await exchange(found.port, f"GET {ITEMS} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), timeout=3)
        assert answered.endswith(b"half")
        assert b"content-length: 100" in answered.lower()
        assert len(asked) == 1


async def test_an_answer_that_is_slower_than_the_deadline_ends_with_its_connection(
    service: int, upstream: Upstream, tmp_path
) -> None:
    async def answer(seen: Seen, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(5)

    upstream.answer = answer
    async with gateway(service, tmp_path, deadline_seconds=0.3) as found:
        answered = await exchange(found.port, f"GET {ITEMS} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), timeout=3)
    assert b"half" in answered
    assert not answered.endswith(b"0\r\n\r\n")


async def test_an_answer_that_is_no_http_is_502(tmp_path) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"nonsense\r\n\r\n")

    async with wire(answer) as (port, _), gateway(port, tmp_path) as found:
        assert (await found.client.get(ITEMS)).status_code == 502


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_request_that_may_be_repeated_is_when_the_connection_breaks(method: str, tmp_path) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if number > 1:
            writer.write(GOOD)
        else:
            writer.close()

    async with wire(answer) as (port, asked), gateway(port, tmp_path) as found:
        answered = await found.client.request(method, ITEMS + "1", content=b"" if method == "GET" else b"{}")
    assert (answered.status_code, len(asked)) == (200, 2)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_request_that_changes_things_is_sent_once(method: str, tmp_path) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.close()

    path = ITEMS + ("1" if method == "PATCH" else "")
    async with wire(answer) as (port, asked), gateway(port, tmp_path) as found:
        answered = await found.client.request(method, path, content=b"{}")
    assert (answered.status_code, len(asked)) == (502, 1)
    assert answered.json() == {"detail": "The service items broke off before its answer was complete"}


async def test_an_answer_that_has_begun_is_never_asked_for_again(tmp_path) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        writer.close()

    async with wire(answer) as (port, asked), gateway(port, tmp_path) as found:
        answered = await found.client.post(ITEMS, content=b"{}")
    assert (answered.status_code, len(asked)) == (502, 1)


async def test_half_a_request_is_never_followed_by_another_on_its_connection(tmp_path) -> None:
    """A service that answers before it has read the body would take the next request for the rest of it."""

    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD)

    async with wire(answer) as (port, asked), gateway(port, tmp_path) as found:
        half = f"DELETE {ITEMS}1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx".encode()
        answered = await exchange(found.port, half, timeout=3)
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert (await found.client.get(ITEMS)).status_code == 200
    assert [head.partition(b" ")[0] for head in asked] == [b"DELETE", b"GET"]


async def test_a_small_body_is_there_before_a_service_is_asked(tmp_path) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD)

    async with wire(answer) as (port, asked), gateway(port, tmp_path, deadline_seconds=0.5) as found:
        half = f"PUT {ITEMS}1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx".encode()
        answered = await exchange(found.port, half, timeout=3)
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert asked == []


def test_retries_stay_a_tenth_of_the_traffic() -> None:
    budget = RetryBudget()
    retried = 0
    for _ in range(1000):
        budget.earn()
        retried += budget.spend()
    assert 100 <= retried <= 110


async def test_the_death_of_one_of_two_processes_costs_no_readable_request(tmp_path) -> None:
    """Both share one listening socket; the one that answers is killed while requests are under way."""
    shared = listener()
    async with two_processes(shared, tmp_path) as processes, gateway(port_of(shared), tmp_path) as found:
        assert (await found.client.get(ITEMS)).status_code == 200
        loads = [asyncio.create_task(_read(found, 60)) for _ in range(4)]
        await asyncio.sleep(0.15)
        processes[0].send_signal(signal.SIGKILL)
        assert [each for load in loads for each in await load if each != 200] == []


async def test_the_second_try_uses_no_kept_connection(tmp_path) -> None:
    """It may end at the same dead process."""
    seen: list[asyncio.StreamWriter] = []

    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if b"/items" not in asked[number - 1]:
            writer.write(GOOD)
        elif writer in seen:
            writer.transport.abort()
        else:
            seen.append(writer)
            if len(seen) != 1:  # the first waits, so that two connections are kept
                writer.write(GOOD)
            if len(seen) == 2:
                seen[0].write(GOOD)

    async with wire(answer) as (port, asked), gateway(port, tmp_path) as found:
        both = await asyncio.gather(*(found.client.get(ITEMS) for _ in range(2)))
        assert [each.status_code for each in both] == [200, 200]
        assert (await found.client.get(ITEMS)).status_code == 200
    assert len(seen) == 3


async def _read(found: Running, times: int) -> list[int]:
    answers = []
    for _ in range(times):
        answers.append((await found.client.get(ITEMS)).status_code)
        await asyncio.sleep(0.005)
    return answers


@contextlib.asynccontextmanager
async def two_processes(shared, folder: Path) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    async with process(shared, folder / "0.sock") as one, process(shared, folder / "1.sock") as other:
        yield [one, other]
