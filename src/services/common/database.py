"""One service's connections to its own schema; statements belong in the services' repositories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.common.driver import CONNECT_SECONDS, WAIT_FOR_CONNECTION_SECONDS, Driver, session_settings


def engine(url: SecretStr, service: str, **options: object) -> AsyncEngine:
    """An engine on asyncpg for a `postgresql://` address, whatever driver that names."""
    return create_async_engine(
        make_url(url.get_secret_value()).set(drivername="postgresql+asyncpg"),
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "server_settings": session_settings(service),
        },
        **options,
    )


class Database:
    """Connections of one process: half for the engine, which tries one before use, half for the driver."""

    def __init__(self, url: SecretStr, service: str, pool_size: int) -> None:
        self.schema = service
        self.driver = Driver(url, service, pool_size - pool_size // 2)
        self._engine = engine(
            url,
            service,
            pool_pre_ping=True,
            pool_size=pool_size // 2,
            max_overflow=0,
            pool_timeout=WAIT_FOR_CONNECTION_SECONDS,
        )
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Each statement is its own transaction: one round trip for a read or a single write."""
        async with self._reading.connect() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Commits at the end, rolls back on an exception."""
        async with self._engine.begin() as connection:
            yield connection

    async def answers(self) -> str | None:
        """Readiness: None, or why the database cannot be used."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS), self.statements() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            return f"the database does not answer: {reason(error)}"
        return None

    async def close(self) -> None:
        await self._engine.dispose()
        await self.driver.close()


def reason(error: BaseException) -> str:
    """The server's or system's own words, in one line, without statement and parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]
