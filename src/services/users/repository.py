"""Every statement on the users table; rules about who may do what are in the service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.pagination import Page, ordering
from services.users.models import users


async def by_id(connection: AsyncConnection, user: uuid.UUID, lock: bool = False) -> Row[Any] | None:
    statement = select(users).where(users.c.id == user)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def by_email(connection: AsyncConnection, email: str) -> Row[Any] | None:
    return (await connection.execute(select(users).where(users.c.email == email))).one_or_none()


async def page(
    connection: AsyncConnection, wanted: Page, sorting: str, is_active: bool | None
) -> tuple[Sequence[Row[Any]], int]:
    matching = true() if is_active is None else users.c.is_active == is_active
    count = await connection.scalar(select(func.count()).select_from(users).where(matching))
    columns = {name: users.c[name] for name in ("created_at", "email", "full_name", "id")}
    statement = select(users).where(matching).order_by(*ordering(sorting, **columns))
    return (await connection.execute(wanted.of(statement))).all(), count or 0


async def add(connection: AsyncConnection, values: Mapping[str, object]) -> Row[Any]:
    """Raises IntegrityError when the address is taken."""
    statement = insert(users).values(id=uuid.uuid4(), **values).returning(users)
    return (await connection.execute(statement)).one()


async def change(connection: AsyncConnection, user: uuid.UUID, values: Mapping[str, object]) -> Row[Any]:
    """Raises IntegrityError when the address is taken; the row must be locked by the caller."""
    statement = update(users).where(users.c.id == user).values(**values).returning(users)
    return (await connection.execute(statement)).one()


async def upgrade_hash(connection: AsyncConnection, user: uuid.UUID, old: str, new: str) -> None:
    """The same password under today's parameters, unless the password has changed since."""
    statement = update(users).where(users.c.id == user, users.c.password_hash == old)
    await connection.execute(statement.values(password_hash=new))


async def remove(connection: AsyncConnection, user: uuid.UUID) -> None:
    await connection.execute(delete(users).where(users.c.id == user))


async def lock_superusers(connection: AsyncConnection) -> None:
    """Whoever takes a superuser away does so alone, until the end of the transaction."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('users superusers', 0))"))


async def active_superusers(connection: AsyncConnection) -> int:
    statement = select(func.count()).select_from(users).where(users.c.is_superuser, users.c.is_active)
    return await connection.scalar(statement) or 0
