"""The connections to one service: at most so many, kept for a moment, given out in turn."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

from services.gateway.connection import Connection, Outgoing, UnreachableError, UpstreamError
from services.gateway.headers import Headers

CONNECT_SECONDS = 1.0
MOST_CONNECTIONS = 100
# Of them for bodies that come as slowly as the client likes.
MOST_STREAMS = 50
TURN_SECONDS = 2.0
# Looked at once in this time, no idle connection is kept for more than twice as long: a service that drains
# waits for them.
KEEP_IDLE = 1.0


class BusyError(UpstreamError):
    """Nothing was asked: too much is asked of the service already."""


@dataclass(slots=True)
class Lent:
    """A connection with its turns, from before it is known to after the answer."""

    pool: Pool
    turns: tuple[asyncio.Semaphore, ...]
    connection: Connection | None = None
    sender: asyncio.Task[None] | None = None

    def give_back(self) -> None:
        """Once. Whatever is not over ends."""
        for turn in self.turns:
            turn.release()
        if self.sender is not None:
            self.sender.cancel()
        if self.connection is not None:
            self.pool.keep(self.connection)


class Response:
    """An answer whose head has come.

    Its connection is given back with the last piece, however long the client takes that; leaving the context
    before ends it.
    """

    __slots__ = ("_connection", "_lent", "complete", "headers", "status")

    def __init__(self, lent: Lent, connection: Connection) -> None:
        self._lent, self._connection = lent, connection
        self.status: int = connection.status
        self.headers: Headers = connection.headers
        self.complete = False

    async def piece(self) -> bytes:
        """What came since the last piece; no more follow once `complete`. Raises UpstreamError."""
        if self.complete:
            return b""
        piece = await self._connection.piece()
        if self._connection.complete:
            self.complete = True
            self._lent.give_back()
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
        if not self.complete:
            self._lent.give_back()


class Pool:
    """`address` as http://host:port or https://host:port."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host = parts.netloc.encode()
        self._name = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)
        self._streams = asyncio.Semaphore(MOST_STREAMS)
        self._idle: list[Connection] = []
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, outgoing: Outgoing, *, anew: bool = False) -> Response:
        """The answer's head, its body still to be read; `anew`: on a new connection. Raises UpstreamError."""
        streams = not outgoing.whole
        lent = Lent(self, await _turns((self._streams, self._turns) if streams else (self._turns,)))
        try:
            kept = None if anew else self._kept()
            lent.connection = connection = kept or await self._connect()
            connection.send(outgoing)
            if streams:
                lent.sender = asyncio.create_task(connection.stream(outgoing))
            await connection.head()
        except BaseException:
            lent.give_back()
            raise
        return Response(lent, connection)

    def keep(self, connection: Connection) -> None:
        """For the next request, if it can be used again; else it is ended."""
        if not connection.complete or not connection.reusable:
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


async def _turns(wanted: tuple[asyncio.Semaphore, ...]) -> tuple[asyncio.Semaphore, ...]:
    """All of them, first come, first served. Raises BusyError after TURN_SECONDS."""
    if not any(each.locked() for each in wanted):  # a timer costs more than the turn
        for each in wanted:
            await each.acquire()
        return wanted
    taken: list[asyncio.Semaphore] = []
    try:
        async with asyncio.timeout(TURN_SECONDS):
            for each in wanted:
                await each.acquire()
                taken.append(each)
    except BaseException as error:
        for each in taken:
            each.release()
        if isinstance(error, TimeoutError):
            raise BusyError(f"no connection became free within {TURN_SECONDS:g} s") from None
        raise
    return wanted
