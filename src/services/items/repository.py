"""Every statement on the items schema; rules about who may do what are in the service."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Integer,
    Select,
    Uuid,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.conditions import Conditions
from services.common.driver import Driver, Prepared, Row
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


OWNER, ITEM = bindparam("owner", type_=Uuid), bindparam("item", type_=Uuid)
BY_ID = Prepared(select(items).where(items.c.id == ITEM))


async def page(
    driver: Driver, wanted: Page, sorting: str, owner: uuid.UUID | None
) -> tuple[Sequence[Row], int]:
    """Items of `owner`, or of everybody, and how many there are in all."""
    rows = await driver.all(_page(sorting, owner is None), owner=owner, skip=wanted.skip, limit=wanted.limit)
    if rows or not wanted.skip:
        return rows, rows[0].total if rows else 0
    counted = await driver.one(_count(owner is None), owner=owner)
    return rows, counted.total if counted else 0


@functools.cache
def _page(sorting: str, everybody: bool) -> Prepared:
    columns = {name: items.c[name] for name in ("created_at", "title", "id")}
    total = _counted(everybody).scalar_subquery().label("total")
    statement = select(items, total).where(_matching(everybody)).order_by(*ordering(sorting, **columns))
    return Prepared(
        statement.offset(bindparam("skip", type_=Integer)).limit(bindparam("limit", type_=Integer))
    )


@functools.cache
def _count(everybody: bool) -> Prepared:
    return Prepared(_counted(everybody))


def _counted(everybody: bool) -> Select[tuple[int]]:
    return select(func.count().label("total")).select_from(items).where(_matching(everybody))


def _matching(everybody: bool) -> ColumnElement[bool]:
    return true() if everybody else items.c.owner_id == OWNER


def _adding() -> Insert:
    """Adds nothing for an owner who has been purged."""
    purged = select(purged_owners.c.owner_id).where(purged_owners.c.owner_id == OWNER).exists()
    given = {"id": ITEM, "owner_id": OWNER}
    given |= {name: bindparam(name, type_=items.c[name].type) for name in ("title", "description")}
    row = select(*(cast(value, items.c[name].type) for name, value in given.items()))
    return insert(items).from_select(list(given), row.where(~purged)).returning(items)


ADD = Prepared(_adding())


def row_to_add(owner: uuid.UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"item": uuid.uuid4(), "owner": owner, **values}


async def add(connection: AsyncConnection, owner: uuid.UUID, values: Mapping[str, Any]) -> Any:
    """None when the owner has been purged."""
    return (await connection.execute(_adding(), row_to_add(owner, values))).one_or_none()


async def change(connection: AsyncConnection, wanted: Wanted, values: Mapping[str, Any]) -> Any:
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
