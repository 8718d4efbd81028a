"""What the connections to a service make of every way to answer, and when they are used again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest

from services.gateway.connection import (
    BrokenOffError,
    NonsenseError,
    Outgoing,
    UnreachableError,
    UpstreamError,
)
from services.gateway.pool import KEEP_IDLE, MOST_CONNECTIONS, MOST_STREAMS, BusyError, Pool
from tests.services.running import unused_port

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = Outgoing("GET", b"/a?b=c", [(b"accept", b"*/*")], None)
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Service:
    """Counts connections and requests; `talk` has each connection for itself."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.connections = 0
        self.open = 0
        self.most = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._talk(reader, writer)
        self.open -= 1
        writer.close()


@contextlib.asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[tuple[Pool, Service]]:
    service = Service(talk)
    server = await asyncio.start_server(service, "127.0.0.1", 0)
    pool = Pool(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield pool, service
    finally:
        pool.close()
        server.close()


def saying(*answers: bytes, pieces: Random | None = None, then_close: bool = False) -> Talk:
    """Answers in this order, the last one again and again; in drawn pieces when given a Random."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(answers)
        while True:
            await reader.readuntil(b"\r\n\r\n")
            answer = left.pop(0) if len(left) > 1 else left[0]
            while pieces and len(answer) > 1:
                cut = pieces.randint(1, min(len(answer), 9))
                writer.write(answer[:cut])
                await writer.drain()
                await asyncio.sleep(0)
                answer = answer[cut:]
            writer.write(answer)
            if then_close:
                return

    return talk


async def asked(pool: Pool, outgoing: Outgoing = GET) -> tuple[int, bytes]:
    async with await pool.ask(outgoing) as response:
        return response.status, await response.read()


LONG = b"0123456789" * 20
ANSWERS = {
    "with a length": (b"HTTP/1.1 201 Created\r\nContent-Length: 200\r\n\r\n" + LONG, 201, LONG, True),
    "without a body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "not modified": (b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n', 304, b"", True),
    "empty": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
    "in chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
        200,
        b"abcde",
        True,
    ),
    "with a trailer": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: 1\r\n\r\n",
        200,
        b"a",
        True,
    ),
    "after an interim one": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + PLAIN, 200, b"{}", True),
    "the last one": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
    "in HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_is_read_to_its_end_however_it_is_cut(name: str) -> None:
    answer, status, body, kept = ANSWERS[name]
    for pieces in (None, Random(1), Random(2)):
        async with serving(saying(answer, pieces=pieces, then_close=not kept)) as (pool, service):
            assert [await asked(pool) for _ in range(3)] == [(status, body)] * 3
        assert service.connections == (1 if kept else 3)


async def test_headers_come_as_they_are_and_a_trailer_is_none_of_them() -> None:
    async with serving(saying(ANSWERS["with a trailer"][0])) as (pool, _), await pool.ask(GET) as response:
        assert response.headers == [(b"transfer-encoding", b"chunked")]
        await response.read()
        assert response.headers == [(b"transfer-encoding", b"chunked")]


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\nabc", then_close=True)) as (pool, service):
        assert [await asked(pool) for _ in range(2)] == [(200, b"abc")] * 2
    assert service.connections == 2


async def test_the_answer_to_head_has_a_length_and_no_body() -> None:
    head = GET._replace(method="HEAD")
    async with serving(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")) as (pool, _):
        assert [await asked(pool, head) for _ in range(2)] == [(200, b"")] * 2


NONSENSE = {
    "no HTTP": b"nonsense\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "length and chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "unknown encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\na",
    "two encodings, a line each": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "two encodings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "head without end": b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 20_000,
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "chunk of no number": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_what_is_no_answer_is_not_taken_for_one(name: str) -> None:
    async with serving(saying(NONSENSE[name])) as (pool, _):
        with pytest.raises(NonsenseError):
            await asked(pool)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
)
async def test_half_an_answer_is_none(answer: bytes) -> None:
    async with serving(saying(answer, then_close=True)) as (pool, _):
        with pytest.raises(BrokenOffError):
            await asked(pool)


async def test_a_second_answer_is_nobodys() -> None:
    """What follows an answer unasked must not become the answer to the next request."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    async with serving(saying(PLAIN + forged, PLAIN)) as (pool, service):
        assert [await asked(pool) for _ in range(2)] == [(200, b"{}")] * 2
    assert service.connections == 2


async def test_what_comes_on_an_idle_connection_is_nobodys() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(PLAIN)
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        await reader.readuntil(b"\r\n\r\n")

    async with serving(talk) as (pool, service):
        assert await asked(pool) == (200, b"{}")
        await asyncio.sleep(0.15)
        assert await asked(pool) == (200, b"{}")
    assert service.connections == 2


async def test_a_connection_that_the_service_closed_is_not_used_again() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(PLAIN)

    async with serving(talk) as (pool, service):
        for _ in range(3):
            assert await asked(pool) == (200, b"{}")
            await asyncio.sleep(0.05)
    assert service.connections == 3


async def test_no_connection_is_kept_idle_for_long() -> None:
    async with serving(saying(PLAIN)) as (pool, service):
        await asyncio.gather(*(asked(pool) for _ in range(5)))
        assert service.open > 0
        await asyncio.sleep(2 * KEEP_IDLE + 0.3)
        assert service.open == 0
        assert await asked(pool) == (200, b"{}")


async def test_an_answer_that_was_not_taken_to_its_end_ends_its_connection() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")) as (pool, service):
        for _ in range(2):
            async with await pool.ask(GET) as response:
                assert await response.piece() == b"ab"
        await asyncio.sleep(0.05)
        assert (service.connections, service.open) == (2, 0)


async def test_there_are_never_more_connections_than_allowed() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.02)
            writer.write(PLAIN)

    async with serving(talk) as (pool, service):
        asking = [asyncio.create_task(asked(pool)) for _ in range(3 * MOST_CONNECTIONS)]
        await asyncio.sleep(0.03)
        for each in asking[::7]:
            each.cancel()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert {(200, b"{}")} == {each for each in answers if not isinstance(each, asyncio.CancelledError)}
        # every turn came back, also those of the cancelled
        assert await asyncio.gather(*(asked(pool) for _ in range(MOST_CONNECTIONS)))
    # a cancelled request ends its connection, which the service notices a little later
    assert service.most <= MOST_CONNECTIONS + len(asking[::7])


async def test_whoever_gives_up_whenever_each_gets_its_own_answer() -> None:
    draw = Random(20265)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while path := (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]:
            body = path * draw.choice([1, 10, 30_000])
            await asyncio.sleep(draw.choice([0, 0, 0.002]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
            if draw.random() < 0.05:
                return

    async def one(pool: Pool, number: int) -> bool:
        path = b"/%d" % number
        with contextlib.suppress(TimeoutError, UpstreamError):
            async with asyncio.timeout(draw.choice([5, 5, 0.002, 0.01])):
                _, body = await asked(pool, GET._replace(target=path))
                assert set(body.split(b"/")[1:]) == {path[1:]}
                return True
        return False

    async with serving(talk) as (pool, service):
        answered = await asyncio.gather(*(one(pool, number) for number in range(800)))
        assert sum(answered) > 100
        assert not all(answered)
        assert await asyncio.gather(*(asked(pool) for _ in range(MOST_CONNECTIONS)))  # every turn came back
    assert service.connections > 10


async def test_nobody_there() -> None:
    pool = Pool(f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(UnreachableError):
        await asked(pool)


async def _sent(outgoing: Outgoing, ends: bytes) -> bytes:
    seen = b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen = await reader.readuntil(ends)
        writer.write(PLAIN)
        await reader.read()

    async with serving(talk) as (pool, _):
        async with asyncio.timeout(2):
            await asked(pool, outgoing)
    return seen


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


async def test_a_request_goes_out_as_it_was_meant() -> None:
    assert b"GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:" in await _sent(GET, b"\r\n\r\n")
    assert (await _sent(GET, b"\r\n\r\n")).endswith(b"accept: */*\r\n\r\n")
    whole = await _sent(Outgoing("POST", b"/", [], b"abc"), b"abc")
    assert whole.endswith(b"content-length: 3\r\n\r\nabc")
    empty = await _sent(Outgoing("POST", b"/", [], None), b"\r\n\r\n")
    assert empty.endswith(b"content-length: 0\r\n\r\n")
    known = await _sent(Outgoing("PUT", b"/", [], _pieces(b"ab", b"c"), 3), b"abc")
    assert known.endswith(b"content-length: 3\r\n\r\nabc")
    chunks = await _sent(Outgoing("PUT", b"/", [], _pieces(b"ab", b"", b"c")), b"0\r\n\r\n")
    assert chunks.endswith(b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")


async def test_a_body_whose_source_fails_is_never_complete_for_the_service() -> None:
    ended: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(await reader.read())

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError("the client is gone")

    async with serving(talk) as (pool, _):
        with pytest.raises(BrokenOffError):
            await asked(pool, Outgoing("POST", b"/", [], broken()))
        await asyncio.sleep(0.05)
    assert [each.endswith(b"0\r\n\r\n") for each in ended] == [False]


async def test_an_answer_without_a_length_is_not_ended_by_us() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await reader.read()

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(0.05)
        raise ValueError("the client is gone")

    async with serving(talk) as (pool, _):
        with pytest.raises(BrokenOffError):
            await asked(pool, Outgoing("POST", b"/", [], broken()))


async def test_an_early_answer_ends_the_sending() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(1000)
            await asyncio.sleep(0.001)

    async with serving(talk) as (pool, service):
        async with await pool.ask(Outgoing("POST", b"/", [], endless())) as response:
            assert (response.status, await response.read()) == (413, b"")
            await asyncio.sleep(0.02)
        assert await response.read() == b""
        before = sent
        await asyncio.sleep(0.05)
        assert sent == before
        assert service.open == 0


@pytest.mark.parametrize("pause", [0, 0.02])
async def test_a_connection_with_half_a_request_is_never_used_again(pause: float) -> None:
    """The service may wait for the other half, and would take the next request for it."""
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            requests.append(head)
            writer.write(PLAIN)

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(5)

    async with serving(talk) as (pool, service):
        async with await pool.ask(Outgoing("DELETE", b"/", [], half(), 1000)) as response:
            assert await response.read() == b"{}"
            await asyncio.sleep(pause)
        assert await asked(pool) == (200, b"{}")
    assert service.connections == 2
    assert requests[1].startswith(b"GET /a?b=c")


async def test_a_whole_answer_gives_its_connection_back_however_long_the_client_takes() -> None:
    async with serving(saying(PLAIN)) as (pool, service), await pool.ask(GET) as response:
        assert await response.read() == b"{}"
        assert await asked(pool) == (200, b"{}")
        assert service.connections == 1


async def test_bodies_that_come_slowly_leave_turns_for_others() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            if service.connections > MOST_STREAMS:
                writer.write(PLAIN)

    async def slow() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(60)

    async with serving(talk) as (pool, service):
        bodies = [asyncio.create_task(asked(pool, Outgoing("PUT", b"/", [], slow(), 9))) for _ in range(200)]
        async with asyncio.timeout(1.5):  # before those that wait for a turn give up
            while service.connections < MOST_STREAMS:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert service.connections == MOST_STREAMS
        assert await asked(pool) == (200, b"{}")
        for each in bodies:
            each.cancel()
        await asyncio.gather(*bodies, return_exceptions=True)


async def test_who_gets_no_turn_in_time_is_told_so() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(talk) as (pool, _):
        waiting = [asyncio.create_task(asked(pool)) for _ in range(MOST_CONNECTIONS)]
        await asyncio.sleep(0.1)
        with pytest.raises(BusyError):
            await asked(pool)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_reader_that_waits_makes_the_service_wait() -> None:
    written = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 64000000\r\n\r\n")
        for _ in range(640):
            writer.write(bytes(100_000))
            await writer.drain()
            written += 100_000

    async with serving(talk) as (pool, _), await pool.ask(GET) as response:
        await asyncio.sleep(0.3)
        assert written < 10_000_000  # what the kernel holds
        assert len(await response.read()) == 64_000_000
