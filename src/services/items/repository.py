"""Every statement on the items schema; rules about who may do what are in the service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, literal, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.conditions import Conditions
from services.common.pagination import Page, ordering
from services.items.models import items, purged_owners

# No token of a deleted owner lives nearly as long.
REMEMBER_PURGED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The item that is to be changed: of `owner` (of anybody, when None), in the state that was asked for."""

    item: uuid.UUID
    owner: uuid.UUID | None
    conditions: Conditions

    def where(self) -> list[ColumnElement[bool]]:
        owned = [] if self.owner is None else [items.c.owner_id == self.owner]
        return [items.c.id == self.item, *owned, *self.conditions.where(items.c.revision)]


async def page(
    connection: AsyncConnection, wanted: Page, sorting: str, owner: uuid.UUID | None
) -> tuple[Sequence[Row[Any]], int]:
    """Items of `owner`, or of everybody."""
    matching = true() if owner is None else items.c.owner_id == owner
    count = await connection.scalar(select(func.count()).select_from(items).where(matching))
    columns = {name: items.c[name] for name in ("created_at", "title", "id")}
    statement = select(items).where(matching).order_by(*ordering(sorting, **columns))
    return (await connection.execute(wanted.of(statement))).all(), count or 0


async def by_id(connection: AsyncConnection, item: uuid.UUID) -> Row[Any] | None:
    return (await connection.execute(select(items).where(items.c.id == item))).one_or_none()


async def add(connection: AsyncConnection, owner: uuid.UUID, values: Mapping[str, Any]) -> Row[Any] | None:
    """None when the owner has been purged."""
    purged = select(purged_owners.c.owner_id).where(purged_owners.c.owner_id == owner).exists()
    row = {"id": uuid.uuid4(), "owner_id": owner, **values}
    columns = [literal(value, items.c[name].type).label(name) for name, value in row.items()]
    statement = insert(items).from_select(list(row), select(*columns).where(~purged)).returning(items)
    return (await connection.execute(statement)).one_or_none()


async def change(connection: AsyncConnection, wanted: Wanted, values: Mapping[str, Any]) -> Row[Any] | None:
    statement = update(items).where(*wanted.where()).values(**values).returning(items)
    return (await connection.execute(statement)).one_or_none()


async def remove(connection: AsyncConnection, wanted: Wanted) -> bool:
    statement = delete(items).where(*wanted.where()).returning(items.c.id)
    return (await connection.execute(statement)).one_or_none() is not None


async def refuse_owner(connection: AsyncConnection, owner: uuid.UUID) -> None:
    """From the end of this transaction on, nothing is added for `owner`."""
    # Waits for insertions under way, and lets none begin that could miss the row below.
    await connection.execute(text("LOCK TABLE items.items IN SHARE ROW EXCLUSIVE MODE"))
    await connection.execute(upsert(purged_owners).values(owner_id=owner).on_conflict_do_nothing())
    old = func.now() - REMEMBER_PURGED
    await connection.execute(delete(purged_owners).where(purged_owners.c.purged_at < old))


async def remove_all_of(connection: AsyncConnection, owner: uuid.UUID) -> int:
    return (await connection.execute(delete(items).where(items.c.owner_id == owner))).rowcount
