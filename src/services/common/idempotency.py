"""Idempotency-Key: the answer to a POST is kept in the transaction of its row, for whoever has to ask again.

A failure is not kept: it left nothing behind, and the key may be used once more.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request
from sqlalchemy import (
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.common.database import Database
from services.common.errors import InvalidBody, ServiceError
from services.common.keyed import Keyed

HEADER = "idempotency-key"
KEPT = timedelta(hours=24)
SECONDS_BETWEEN_SWEEPS = 600
BATCH = 1000
# Less than a statement may take, and far more than the first request needs.
WAIT_MILLISECONDS = 2000
LOCK_NOT_AVAILABLE = "55P03"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Work = Callable[[AsyncConnection], Awaitable[Response]]


def answers_table(metadata: MetaData) -> Table:
    return Table(
        "idempotent_answers",
        metadata,
        Column("caller_id", Uuid, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        # Null only within the transaction that makes them.
        Column("content", LargeBinary),
        Column("tag", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    caller: uuid.UUID
    key: str
    fingerprint: bytes


class Idempotency:
    def __init__(self, database: Database, table: Table, fingerprint: Keyed) -> None:
        self.database = database
        self._table = table
        self._fingerprint = fingerprint

    async def once(self, request: Request, caller: uuid.UUID | None) -> Once:
        """Without a caller nobody knows whose key it is. Raises ServiceError (400) for a malformed one."""
        keys = request.headers.getlist(HEADER)
        if caller is None or not keys:
            return Once(self, None)
        if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
            raise ServiceError(400, "The header Idempotency-Key is not 1 to 255 visible ASCII characters")
        content = (request.scope["path"].encode(), await request.body())
        return Once(self, Asked(caller, keys[0], self._fingerprint(*content)))

    async def kept(self, connection: AsyncConnection, asked: Asked) -> Response | None:
        """Raises InvalidBody (422) when the key was used for something else."""
        statement = select(self._table).where(*self._row(asked))
        found = (await connection.execute(statement)).one_or_none()
        if found is None:
            return None
        if self._fingerprint.differs(found.fingerprint, asked.fingerprint):
            sentence = "The key was used for another request"
            raise InvalidBody("Idempotency-Key", "idempotency_key_reused", sentence, place="header")
        headers = {"Idempotency-Replayed": "true"} | ({"ETag": found.tag} if found.tag else {})
        return Response(found.content, media_type="application/json", headers=headers)

    async def claim(self, connection: AsyncConnection, asked: Asked) -> bool:
        """False when there is an answer; waits for one that is under way, or raises ServiceError (409)."""
        await connection.execute(sql(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}"))
        row = {"caller_id": asked.caller, "key": asked.key, "fingerprint": asked.fingerprint}
        statement = insert(self._table).values(row).on_conflict_do_nothing().returning(self._table.c.key)
        try:
            return (await connection.execute(statement)).one_or_none() is not None
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
        raise _under_way()

    async def keep(self, connection: AsyncConnection, asked: Asked, answer: Response) -> None:
        values = {"content": answer.body, "tag": answer.headers.get("etag")}
        await connection.execute(update(self._table).where(*self._row(asked)).values(values))

    async def forget(self, connection: AsyncConnection, caller: uuid.UUID) -> None:
        await connection.execute(delete(self._table).where(self._table.c.caller_id == caller))

    async def remove_expired(self) -> None:
        """In batches, each of which stays below the time that a statement may take."""
        key = (self._table.c.caller_id, self._table.c.key)
        old = select(*key).where(self._table.c.created_at < func.now() - KEPT).limit(BATCH)
        removed = BATCH
        while removed == BATCH:
            async with self.database.statements() as connection:
                removed = (
                    await connection.execute(delete(self._table).where(tuple_(*key).in_(old)))
                ).rowcount

    async def sweep(self) -> None:
        """Runs until cancelled."""
        while True:
            await self.remove_expired()
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)

    def _row(self, asked: Asked) -> tuple:
        return self._table.c.caller_id == asked.caller, self._table.c.key == asked.key


@dataclass(frozen=True, slots=True)
class Once:
    """One request's way to its answer; without a key it is made each time."""

    _kept: Idempotency
    _asked: Asked | None

    @property
    def asked(self) -> bool:
        return self._asked is not None

    async def first(self) -> Response | None:
        """The answer that was given before; for those to whom making it is expensive."""
        if self._asked is None:
            return None
        async with self._kept.database.statements() as connection:
            return await self._kept.kept(connection, self._asked)

    async def make(self, work: Work) -> Response:
        """`work` runs in the transaction that keeps its answer, or not at all."""
        if self._asked is None:
            async with self._kept.database.statements() as connection:
                return await work(connection)
        async with self._kept.database.transaction() as connection:
            if await self._kept.claim(connection, self._asked):
                answer = await work(connection)
                await self._kept.keep(connection, self._asked, answer)
                return answer
        if first := await self.first():
            return first
        # Swept in this very moment: the next try makes it.
        raise _under_way()


def _under_way() -> ServiceError:
    return ServiceError(409, "The first request with this Idempotency-Key is under way", {"Retry-After": "1"})
