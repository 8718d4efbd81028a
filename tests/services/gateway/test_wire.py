"""Bytes that two programs could read differently are refused, and the connection ends with them."""

from __future__ import annotations

import asyncio

import pytest

from services.common import protocol
from tests.services.gateway.conftest import Running
from tests.services.running import Upstream, exchange

POST = b"POST /api/v1/items/ HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /api/v1/items/ HTTP/1.1\r\nHost: a\r\n"
SECOND = b"GET /api/v1/items/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

AMBIGUOUS = {
    "length and chunked": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "the same length twice": POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": POST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "bare line feeds": b"GET /api/v1/items/ HTTP/1.1\nHost: a\n\n",
    "a bare line feed in a header": b"GET /api/v1/items/ HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "a folded header": GET + b"X: b\r\n c\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked after another": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a broken chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "absolute form": b"GET http://evil.example/api/v1/items/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "authority form": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk form": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a NUL in a header": GET + b"X: a\x00b\r\n\r\n",
    "bytes beyond ASCII in the path": b"GET /api/v1/items/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "another version": b"GET /api/v1/items/ HTTP/3.7\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("wire", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_an_ambiguous_request_is_refused_and_nothing_after_it_is_read(
    wire: bytes, running_gateway: Running, upstream: Upstream
) -> None:
    answered = await exchange(running_gateway.port, wire + SECOND)
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert answered.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answered.lower()
    assert [seen.path for seen in upstream.seen] in ([], ["/api/v1/items"])
    assert "/api/v1/items/smuggled" not in [seen.path for seen in upstream.seen]


REFUSED = {
    "no host": b"GET /api/v1/items/ HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: b\r\n\r\n",
    "two authorizations": GET + b"Authorization: a\r\nAuthorization: b\r\n\r\n",
    "connection names authorization": GET + b"Authorization: a\r\nConnection: authorization\r\n\r\n",
    "header that is no text": GET + b"X-Any: \xff\xfe\r\n\r\n",
}


@pytest.mark.parametrize("wire", REFUSED.values(), ids=REFUSED.keys())
async def test_a_head_that_could_be_read_in_two_ways_is_refused(
    wire: bytes, running_gateway: Running, upstream: Upstream
) -> None:
    wire = wire.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n" if b"Connection" not in wire else wire
    assert (await exchange(running_gateway.port, wire, timeout=0.3)).startswith(b"HTTP/1.1 400 ")
    assert upstream.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/items/",
        "/api/v1//items/",
        "/api/v1/items//",
        "/api/v1/./items/",
        "/api/v1/../v1/items/",
        "/api/v1/items/..",
        "/api/v1/%2e%2e/v1/items/",
        "/api/v1/.%2E/v1/items/",
        "/api/v1/items/a%2fb",
        "/api/v1/items/a%2Fb",
        "/api/v1/items/a%5cb",
        "/api/v1/items/a\\b",
        "/api/v1/items/a%252fb",
        "/api/v1/items/a%00",
        "/api/v1/items/a%0d%0ab",
        "/api/v1/items/a%zz",
        "/api/v1/items/a%2",
        "/api/v1/items/<a>",
        '/api/v1/items/a"b',
    ],
)
async def test_a_path_not_in_plain_form_is_refused(
    path: str, running_gateway: Running, upstream: Upstream
) -> None:
    wire = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    assert (await exchange(running_gateway.port, wire)).startswith(b"HTTP/1.1 400 ")
    assert upstream.seen == []


async def test_a_trailer_does_not_become_a_header(running_gateway: Running, upstream: Upstream) -> None:
    head = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire = head + b"1\r\na\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    assert (await exchange(running_gateway.port, wire)).startswith(b"HTTP/1.1 200 ")
    assert upstream.seen[0].header("authorization") == []


async def test_a_head_that_is_too_large_is_refused(running_gateway: Running, upstream: Upstream) -> None:
    wire = GET + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(40)) + b"\r\n"
    assert (await exchange(running_gateway.port, wire)).startswith(b"HTTP/1.1 400 ")
    assert upstream.seen == []


@pytest.mark.parametrize("way", ["gateway", "direct"])
async def test_a_head_that_never_ends_is_cut_off(
    way: str, running_gateway: Running, service: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    port = running_gateway.port if way == "gateway" else service
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/v1/items/ HTTP/1.1\r\nHost: a\r\n")
    async with asyncio.timeout(3):
        answered = await reader.read()
    assert answered.startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_connection_without_a_request_is_closed_without_an_answer(
    running_gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    assert await exchange(running_gateway.port, b"", timeout=3) == b""


async def test_a_request_in_two_pieces_is_answered(running_gateway: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running_gateway.port)
    writer.write(GET[:20])
    await asyncio.sleep(0.05)
    writer.write(GET[20:] + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    writer.close()
