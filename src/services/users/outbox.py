"""Messages to other services, written in the transaction that causes them and delivered until they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import Row, delete, func, insert, literal, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.database import Database
from services.common.errors import Unavailable
from services.common.peers import Peers
from services.users.models import outbox

POLL_SECONDS = 1
BATCH = 20
# Long enough that the request which wrote a message delivers it itself.
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(seconds=10)
DELIVERY_SECONDS = 2
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """The receiver must bear it twice and in any order."""

    service: str
    method: str
    path: str
    body: dict = field(default_factory=dict)


class Outbox:
    def __init__(self, database: Database, peers: Peers) -> None:
        self._database = database
        self._peers = peers

    async def add(self, connection: AsyncConnection, messages: Sequence[Message]) -> list[int]:
        """Their ids, to be given to `deliver` after the commit."""
        ids = []
        for message in messages:
            statement = insert(outbox).values(
                service=message.service,
                method=message.method,
                path=message.path,
                body=message.body,
                due_at=func.now() + FIRST_RETRY,
            )
            ids.append(await connection.scalar(statement.returning(outbox.c.id)))
        return ids

    async def deliver(self, ids: Sequence[int]) -> None:
        """Try at once, so that the next request sees the effect; what fails stays for `relay`."""
        if not ids:
            return
        try:
            async with asyncio.timeout(DELIVERY_SECONDS):
                async with self._database.statements() as connection:
                    rows = (await connection.execute(select(outbox).where(outbox.c.id.in_(ids)))).all()
                await asyncio.gather(*map(self._send, rows))
        except (SQLAlchemyError, OSError) as error:
            # What caused the message is committed: the answer to the client is a success either way.
            log.warning("delivery left for later", messages=list(ids), error=type(error).__name__)

    async def relay(self) -> None:
        """Deliver what is due; runs until cancelled."""
        while True:
            rows = await self._claim()
            await asyncio.gather(*map(self._send, rows))
            if len(rows) < BATCH:
                await asyncio.sleep(POLL_SECONDS)

    async def _claim(self) -> Sequence[Row]:
        """Due messages, put off as if this attempt would fail, so that other processes leave them alone."""
        due = (
            select(outbox.c.id)
            .where(outbox.c.due_at <= func.now())
            .order_by(outbox.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        put_off = func.least(func.power(2, outbox.c.attempts) * literal(FIRST_RETRY), literal(LONGEST_RETRY))
        claim = (
            update(outbox)
            .where(outbox.c.id.in_(due.scalar_subquery()))
            .values(due_at=func.now() + put_off, attempts=func.least(outbox.c.attempts + 1, 10))
            .returning(outbox)
        )
        async with self._database.statements() as connection:
            return (await connection.execute(claim)).all()

    async def _send(self, row: Row) -> None:
        try:
            await self._peers.call(row.method, row.service, row.path, row.body or None)
        except Unavailable as error:
            log.warning("message not delivered yet", message=row.id, peer=row.service, error=error.detail)
            return
        async with self._database.statements() as connection:
            await connection.execute(delete(outbox).where(outbox.c.id == row.id))
