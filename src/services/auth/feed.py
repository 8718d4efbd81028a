"""Statements on the revocation feed: what every service must learn of within a second."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth.models import account_changes, feed, revoked_ids
from services.auth.schemas import AccountEvent
from services.common.access_tokens import CLOCK_SKEW_SECONDS, LIFETIME_SECONDS
from services.common.revocations import AccountChange, Feed, RevokedId

# No token made before a change is honoured longer than this after it.
MEMORY = timedelta(seconds=LIFETIME_SECONDS + 2 * CLOCK_SKEW_SECONDS)


async def generation(connection: AsyncConnection) -> uuid.UUID:
    return (await connection.execute(select(feed.c.generation))).scalar_one()


async def _next(connection: AsyncConnection) -> int:
    """Holds the feed's row until the end of the transaction, so that numbers become visible in order."""
    statement = update(feed).values(sequence=feed.c.sequence + 1).returning(feed.c.sequence)
    return (await connection.execute(statement)).scalar_one()


async def revoke(connection: AsyncConnection, *ids: str) -> None:
    number = await _next(connection)
    rows = [{"id": each, "sequence": number, "expires_at": func.now() + MEMORY} for each in ids]
    await connection.execute(insert(revoked_ids).values(rows).on_conflict_do_nothing())


async def note_change(connection: AsyncConnection, user: uuid.UUID, event: AccountEvent) -> int:
    """Merged field by field: events may come twice and in any order."""
    number = await _next(connection)
    statement = insert(account_changes).values(
        user_id=user, sequence=number, expires_at=func.now() + MEMORY, **event.model_dump()
    )
    new, old = statement.excluded, account_changes.c
    merged = {
        "version": func.greatest(new.version, old.version),
        "is_superuser": case((new.version > old.version, new.is_superuser), else_=old.is_superuser),
        "epoch": func.greatest(new.epoch, old.epoch),
        "spared": case((new.epoch > old.epoch, new.spared), else_=old.spared),
        "sequence": new.sequence,
        "expires_at": new.expires_at,
    }
    await connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=merged))
    return number


async def read(connection: AsyncConnection, known: str | None, since: int) -> Feed:
    """What came after `since`; everything, when that is a number of another generation or yet to come."""
    # The number is read first: a change that comes in between is told now and once more.
    head = (await connection.execute(select(feed.c.generation, feed.c.sequence))).one()
    complete = known != str(head.generation) or since > head.sequence
    told = Feed(
        generation=str(head.generation), sequence=head.sequence, complete=complete, accounts=[], revoked=[]
    )
    if not complete and since == head.sequence:
        return told
    after = 0 if complete else since
    changes = select(account_changes).where(account_changes.c.sequence > after)
    for row in await connection.execute(changes.where(account_changes.c.expires_at > func.now())):
        expires_at = row.expires_at.timestamp()
        told.accounts.append(
            AccountChange(
                id=str(row.user_id),
                version=row.version,
                epoch=row.epoch,
                spared=row.spared,
                is_superuser=row.is_superuser,
                expires_at=expires_at,
            )
        )
    ids = select(revoked_ids).where(revoked_ids.c.sequence > after, revoked_ids.c.expires_at > func.now())
    for row in await connection.execute(ids):
        told.revoked.append(RevokedId(id=row.id, expires_at=row.expires_at.timestamp()))
    return told
