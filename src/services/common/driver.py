"""Statements of SQLAlchemy Core compiled once and run on asyncpg itself, for what is asked most often.

Each is a transaction of its own. What needs several statements in one belongs on the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from pydantic import SecretStr
from sqlalchemy import ClauseElement, make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect

T = TypeVar("T")
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 5
WAIT_FOR_CONNECTION_SECONDS = 3
# A connection that ended while nobody used it says so only when it is used.
GONE = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    # The server's farewell has been read in part when the connection is used.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    ConnectionError,
)


class Prepared:
    """One statement; values are given by the names of its bind parameters."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=dialect(), compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._fixed = compiled.params

    def values(self, given: dict[str, Any]) -> list[Any]:
        return [given[name] if name in given else self._fixed[name] for name in self._names]


class Row(asyncpg.Record):
    """A row whose columns are attributes, as the engine's are."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Driver:
    """A pool of asyncpg connections, opened when first needed."""

    def __init__(self, url: SecretStr, service: str, size: int) -> None:
        self._url, self._service, self._size = url, service, size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        # First come, first served: in the pool's own queue a newcomer may overtake all who wait.
        self._turns = asyncio.Semaphore(size)

    async def one(self, statement: Prepared, **values: Any) -> Row | None:
        """The first row. A read: it is asked again when its connection turns out to be gone."""
        return await self._read(lambda found: found.fetchrow(statement.sql, *statement.values(values)))

    async def all(self, statement: Prepared, **values: Any) -> list[Row]:
        """Every row. A read, as `one`."""
        return await self._read(lambda found: found.fetch(statement.sql, *statement.values(values)))

    async def write(self, statement: Prepared, **values: Any) -> Row | None:
        """The row that one INSERT, UPDATE or DELETE returns. Never asked again: it may have been done."""
        async with self._connection() as connection:
            return await connection.fetchrow(statement.sql, *statement.values(values))

    async def _read(self, ask: Callable[[Any], Awaitable[T]]) -> T:
        try:
            async with self._connection() as connection:
                return await ask(connection)
        except GONE:
            async with self._connection() as connection:
                return await ask(connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        pool = await self._open()
        await self._turn()
        try:
            connection = await pool.acquire(timeout=WAIT_FOR_CONNECTION_SECONDS)
            try:
                yield connection
            finally:
                await pool.release(connection)
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        if not self._turns.locked():  # a timer costs more than the turn
            await self._turns.acquire()
            return
        async with asyncio.timeout(WAIT_FOR_CONNECTION_SECONDS):
            await self._turns.acquire()

    async def _open(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._connect()
        return self._pool

    async def _connect(self) -> asyncpg.Pool:
        plain = make_url(self._url.get_secret_value()).set(drivername="postgresql")
        return await asyncpg.create_pool(
            plain.render_as_string(hide_password=False),
            min_size=0,
            max_size=self._size,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            record_class=Row,
            server_settings=session_settings(self._service),
            reset=_nothing,  # statements leave nothing behind, and asking for a reset is a round trip
        )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()


def session_settings(service: str) -> dict[str, str]:
    return {
        "application_name": f"{service} service",
        "search_path": service,
        "timezone": "UTC",
        # Statements here take milliseconds; compiling them would take longer.
        "jit": "off",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
    }


async def _nothing(_: object) -> None:
    pass
