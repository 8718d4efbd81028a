"""Real servers on free loopback ports in the test's own event loop, and a service for the gateway to ask."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from services.common.drain import DrainingServer, public_server

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def status_of(reader: asyncio.StreamReader) -> int:
    """Reads one answer that tells its length to its end, so that the connection can be used again."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(LENGTH.search(head)[1]))
    return int(head[9:12])


def listener() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def port_of(listening: socket.socket) -> int:
    return listening.getsockname()[1]


def unused_port() -> int:
    with listener() as free:
        return port_of(free)


@contextlib.asynccontextmanager
async def running(server: DrainingServer, listening: socket.socket) -> AsyncIterator[DrainingServer]:
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        yield server
    finally:
        # at once: stopping in order is the subject of other tests, and takes its time
        for each in server.servers:
            each.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await server.lifespan.shutdown()
        task.cancel()
        await asyncio.wait((task,), timeout=10)
        listening.close()


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port on which `app` answers."""
    listening = listener()
    async with running(public_server(app, keep_idle=30), listening):
        yield port_of(listening)


Answer = Callable[["Seen", Callable[[dict], Awaitable[None]]], Awaitable[None]]


class Seen(SimpleNamespace):
    """A request as the service behind the gateway got it."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


async def say(send: Any, status: int, content: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": content})


async def echo(seen: Seen, send: Any) -> None:
    text = {"method": seen.method, "path": seen.path, "query": seen.query, "size": len(seen.body)}
    await say(send, 200, json.dumps(text).encode(), (b"content-type", b"application/json"))


class Upstream:
    """A service for the gateway to ask; `answer` is replaced by tests that want another than an echo."""

    def __init__(self, answer: Answer = echo) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self.broken_off = 0
        self.state = SimpleNamespace()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await lifespan(receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.broken_off += 1
                return None
            body += message["body"]
            more = message["more_body"]
        seen = Seen(
            method=scope["method"],
            path=scope["raw_path"].decode(),
            query=scope["query_string"].decode(),
            headers=[(name.decode(), value.decode()) for name, value in scope["headers"]],
            body=body,
        )
        self.seen.append(seen)
        return await self.answer(seen, send)


async def lifespan(receive: Any, send: Any) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})


async def exchange(port: int, wire: bytes, timeout: float = 5) -> bytes:
    """All that is answered to these bytes until the other side closes, or nothing comes for `timeout`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(wire)
    answered = b""
    try:
        async with asyncio.timeout(timeout):
            while piece := await reader.read(65536):
                answered += piece
    except (TimeoutError, ConnectionResetError):
        pass
    finally:
        writer.close()
    return answered
