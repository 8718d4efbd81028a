"""A link that carries every request to a service and loses some of the answers; tests say what is sent."""

from __future__ import annotations

import asyncio
from random import Random

PATIENCE_SECONDS = 15


class LossyLink:
    """`loses` is the part of the answers that are lost, half of them before the service has made them."""

    def __init__(self, port: int, loses: float, seed: int) -> None:
        self._target = port
        self._loses = loses
        self._random = Random(seed)
        self.lost = 0
        self.port = 0

    async def __aenter__(self) -> LossyLink:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def ask(self, wire: bytes) -> bytes:
        """The answer to one request, or nothing when that is lost."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(wire)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await reader.read()
        except (ConnectionResetError, TimeoutError):
            return b""
        finally:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        upstream, sending = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            sending.write(await _message(reader))
            await sending.drain()
            fate = self._random.random()
            if fate < self._loses / 2:
                self.lost += 1
                return
            answer = await _message(upstream)
            if fate < self._loses:
                self.lost += 1
                return
            writer.write(answer)
            await writer.drain()
        finally:
            for end in (sending, writer):
                end.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + await reader.readexactly(length)
