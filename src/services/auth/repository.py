"""Statements on sessions and resets; those on the revocation feed are in feed.py."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth.models import account_changes, refresh_families, refresh_tokens, reset_tokens, revoked_ids
from services.auth.schemas import Identity

REFRESH_LIFETIME = timedelta(days=30)
RESET_LIFETIME = timedelta(hours=1)

tokens, families = refresh_tokens, refresh_families


async def begin_family(connection: AsyncConnection, user: uuid.UUID, version: int, first: bytes) -> uuid.UUID:
    family = uuid.uuid4()
    await connection.execute(insert(families).values(id=family, user_id=user, version=version))
    await add_token(connection, family, first)
    return family


async def add_token(connection: AsyncConnection, family: uuid.UUID, digest: bytes) -> None:
    expires_at = func.now() + REFRESH_LIFETIME
    await connection.execute(insert(tokens).values(hash=digest, family_id=family, expires_at=expires_at))


async def token(connection: AsyncConnection, digest: bytes) -> Row[Any] | None:
    """A refresh token that we once gave out, with its family."""
    expired = (tokens.c.expires_at <= func.now()).label("expired")
    columns = (tokens.c.family_id, tokens.c.used_at, expired, families.c.user_id, families.c.version)
    statement = select(*columns, families.c.revoked_at).join(families, families.c.id == tokens.c.family_id)
    return (await connection.execute(statement.where(tokens.c.hash == digest))).one_or_none()


async def use_token(connection: AsyncConnection, digest: bytes) -> uuid.UUID | None:
    """Of any number of attempts at once exactly one gets the family; None for all others."""
    statement = (
        update(tokens)
        .where(
            tokens.c.hash == digest,
            tokens.c.used_at.is_(None),
            tokens.c.expires_at > func.now(),
            families.c.id == tokens.c.family_id,
            families.c.revoked_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(tokens.c.family_id)
    )
    return (await connection.execute(statement)).scalar_one_or_none()


async def revoke_family(connection: AsyncConnection, family: uuid.UUID) -> bool:
    """Whether it was alive until now."""
    statement = update(families).where(families.c.id == family, families.c.revoked_at.is_(None))
    return (await connection.execute(statement.values(revoked_at=func.now()))).rowcount > 0


async def revoke_families_before(connection: AsyncConnection, user: uuid.UUID, epoch: int) -> None:
    old = (families.c.user_id == user, families.c.version < epoch, families.c.revoked_at.is_(None))
    await connection.execute(update(families).where(*old).values(revoked_at=func.now()))


async def add_reset(connection: AsyncConnection, user: Identity, address: bytes, digest: bytes) -> None:
    row = {"hash": digest, "user_id": user.id, "version": user.version, "address": address}
    await connection.execute(insert(reset_tokens).values(**row, expires_at=func.now() + RESET_LIFETIME))


async def mailed(connection: AsyncConnection, user: uuid.UUID, address: bytes) -> int:
    """Mails of the last hour; whoever counts does so alone for this address, until the transaction ends."""
    one_at_a_time = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await connection.execute(one_at_a_time, {"name": f"auth resets {address.hex()}"})
    # By address: an account can be deleted and made again with the same one.
    to_it = reset_tokens.c.address == address
    to_it |= reset_tokens.c.address.is_(None) & (reset_tokens.c.user_id == user)
    recent = reset_tokens.c.created_at > func.now() - RESET_LIFETIME
    return await connection.scalar(select(func.count()).select_from(reset_tokens).where(to_it, recent)) or 0


async def reset(connection: AsyncConnection, digest: bytes) -> Row[Any] | None:
    alive = (reset_tokens.c.hash == digest, reset_tokens.c.expires_at > func.now())
    return (await connection.execute(select(reset_tokens).where(*alive))).one_or_none()


async def remove_expired(connection: AsyncConnection) -> None:
    for table in (tokens, reset_tokens, account_changes, revoked_ids):
        await connection.execute(delete(table).where(table.c.expires_at <= func.now()))
    left = exists().where(tokens.c.family_id == families.c.id)
    # A family is made a moment before its first token.
    old = families.c.created_at < func.now() - timedelta(hours=1)
    await connection.execute(delete(families).where(old, ~left))
