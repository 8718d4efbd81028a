"""Bodies are counted, refused beyond the limit, and otherwise pass piece by piece."""

from __future__ import annotations

import asyncio

from tests.services.gateway.conftest import Running, gateway
from tests.services.running import Seen, Upstream, exchange, lifespan, say, serving

ITEMS = "/api/v1/items/"
LIMIT = 1024 * 1024


async def test_a_body_announced_as_too_long_is_refused_before_it_is_read(
    running_gateway: Running, upstream: Upstream
) -> None:
    wire = f"POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()
    answered = await exchange(running_gateway.port, wire, timeout=3)
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answered
    assert upstream.seen == []


async def test_a_client_that_asks_first_is_not_told_to_continue(
    running_gateway: Running, upstream: Upstream
) -> None:
    head = f"POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Length: {LIMIT + 1}\r\nExpect: 100-continue\r\n\r\n"
    answered = await exchange(running_gateway.port, head.encode(), timeout=3)
    assert answered.startswith(b"HTTP/1.1 413 ")


async def test_a_chunked_body_is_refused_where_it_grows_too_long(
    running_gateway: Running, upstream: Upstream
) -> None:
    async def pieces():
        for _ in range(20):
            yield b"a" * (LIMIT // 10)
            await asyncio.sleep(0.005)

    answer = await running_gateway.client.post(ITEMS, content=pieces())
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert answer.json() == {"detail": f"The body is larger than {LIMIT} bytes"}
    assert upstream.seen == []
    async with asyncio.timeout(2):
        while not upstream.broken_off:
            await asyncio.sleep(0.01)


async def test_a_chunked_body_in_one_piece_is_counted_too(
    running_gateway: Running, upstream: Upstream
) -> None:
    async def piece():
        yield b"a" * (LIMIT + 1)

    assert (await running_gateway.client.post(ITEMS, content=piece())).status_code == 413
    assert upstream.seen == []


async def test_bodies_up_to_the_limit_arrive_whole(running_gateway: Running, upstream: Upstream) -> None:
    async def pieces():
        for _ in range(16):
            yield b"a" * (LIMIT // 16)
            await asyncio.sleep(0)

    assert (await running_gateway.client.post(ITEMS, content=pieces())).json()["size"] == LIMIT
    assert (await running_gateway.client.post(ITEMS, content=b"a" * LIMIT)).json()["size"] == LIMIT
    assert (await running_gateway.client.post(ITEMS, content=b"")).json()["size"] == 0


async def test_a_small_refused_body_leaves_the_connection_usable(running_gateway: Running) -> None:
    first = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    second = f"GET {ITEMS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    answered = await exchange(running_gateway.port, first + second)
    assert answered.startswith(b"HTTP/1.1 404 ")
    assert b"HTTP/1.1 200 " in answered


async def test_an_answer_is_passed_on_before_it_is_complete(
    running_gateway: Running, upstream: Upstream
) -> None:
    more = asyncio.Event()

    async def answer(seen: Seen, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await more.wait()
        await send({"type": "http.response.body", "body": b"last", "more_body": False})

    upstream.answer = answer
    async with running_gateway.client.stream("GET", ITEMS) as found:
        pieces = found.aiter_raw()
        assert await anext(pieces) == b"first"
        more.set()
        assert await anext(pieces) == b"last"


async def test_a_request_is_passed_on_before_it_is_complete(
    running_gateway: Running, service: int, tmp_path
) -> None:
    arrived = asyncio.Event()

    async def app(scope, receive, send) -> None:
        if scope["type"] == "http":
            message = await receive()
            assert message["more_body"]
            arrived.set()
            while (await receive())["more_body"]:
                pass
            await say(send, 200, b"{}")
        else:
            await lifespan(receive, send)

    async def pieces():
        yield b"first"
        async with asyncio.timeout(3):
            await arrived.wait()
        yield b"last"

    async with serving(app) as port, gateway(port, tmp_path) as found:
        assert (await found.client.post(ITEMS, content=pieces())).status_code == 200


async def test_a_client_that_goes_away_leaves_nothing_under_way(
    running_gateway: Running, upstream: Upstream
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", running_gateway.port)
    writer.write(f"POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc".encode())
    await asyncio.sleep(0.05)
    assert (await running_gateway.state())["in_flight"] == 1
    writer.close()
    async with asyncio.timeout(2):
        while (await running_gateway.state())["in_flight"]:
            await asyncio.sleep(0.01)
    assert upstream.seen == []
