"""The connections to one service: at most so many, kept for a moment, given out in turn."""

from __future__ import annotations

import asyncio
import ssl
from time import monotonic
from urllib.parse import urlsplit

from services.gateway.connection import Connection, Outgoing, UnreachableError
from services.gateway.headers import Headers

CONNECT_SECONDS = 1.0
MOST_CONNECTIONS = 100
# Looked at once in this time, no idle connection is kept for more than twice as long: a service that drains
# waits for them.
KEEP_IDLE = 1.0


class Response:
    """An answer whose head has come. Leaving its context gives the connection back, or ends it."""

    __slots__ = ("_connection", "_pool", "_sender", "headers", "status")

    def __init__(self, pool: Pool, connection: Connection, sender: asyncio.Task[None] | None) -> None:
        self._pool, self._connection, self._sender = pool, connection, sender
        self.status: int = connection.status
        self.headers: Headers = connection.headers

    @property
    def complete(self) -> bool:
        return self._connection.complete

    async def piece(self) -> bytes:
        """What came since the last piece; no more follow once `complete`. Raises UpstreamError."""
        piece = await self._connection.piece()
        if self._sender is not None and self.complete:
            self._sender.cancel()  # nobody reads the rest of this request
        return piece

    async def read(self) -> bytes:
        """The whole body. Raises UpstreamError."""
        pieces = [await self.piece()]
        while not self.complete:
            pieces.append(await self.piece())
        return b"".join(pieces)

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pool.take_back(self._connection, self._sender)


class Pool:
    """`address` as http://host:port or https://host:port."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host = parts.netloc.encode()
        self._name = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)
        self._idle: list[Connection] = []
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, outgoing: Outgoing) -> Response:
        """The answer's head, its body still to be read. Raises UpstreamError."""
        await self._turns.acquire()
        connection: Connection | None = None
        sender: asyncio.Task[None] | None = None
        try:
            connection = self._kept() or await self._connect()
            connection.send(outgoing)
            if not isinstance(outgoing.body, bytes | None):
                sender = asyncio.create_task(connection.stream(outgoing))
            await connection.head()
        except BaseException:
            self.take_back(connection, sender, whole=False)
            raise
        return Response(self, connection, sender)

    def take_back(
        self, connection: Connection | None, sender: asyncio.Task[None] | None, *, whole: bool = True
    ) -> None:
        self._turns.release()
        if sender is not None and not sender.done():
            sender.cancel()
            whole = False
        if connection is None:
            return
        if not whole or not connection.complete or not connection.reusable:
            connection.abort()
            return
        connection.idle_since = monotonic()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(KEEP_IDLE, self._sweep)

    def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._host), self._name, self._port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            raise UnreachableError(str(error)) from error
        return connection

    def _sweep(self) -> None:
        now = monotonic()
        fresh = [each for each in self._idle if now - each.idle_since < KEEP_IDLE and each.reusable]
        for connection in self._idle:
            if connection not in fresh:
                connection.close()
        self._idle = fresh
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(KEEP_IDLE, self._sweep) if fresh else None
