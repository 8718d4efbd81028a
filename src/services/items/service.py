"""The rules of items: their owner may do everything with them, a superuser as well, nobody else anything."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.common.access_tokens import Caller
from services.common.conditions import Conditions, precondition_failed, tagged
from services.common.database import Database
from services.common.errors import ServiceError, Unauthorized
from services.common.idempotency import Idempotency, Once
from services.common.pagination import Page
from services.items import repository
from services.items.repository import Wanted
from services.items.schemas import ItemChanges, ItemOut, NewItem


class ItemService:
    def __init__(self, database: Database, idempotency: Idempotency) -> None:
        self._database = database
        self._idempotency = idempotency

    async def page(self, caller: Caller, wanted: Page, sorting: str) -> tuple[Any, int]:
        async with self._database.statements() as connection:
            return await repository.page(connection, wanted, sorting, _limit_to(caller))

    async def add(self, caller: Caller, new: NewItem, once: Once) -> Response:
        async def work(connection: AsyncConnection) -> Response:
            item = await repository.add(connection, caller.id, new.model_dump())
            if item is None:
                raise Unauthorized
            return tagged(ItemOut, item)

        return await once.make(work)

    async def read(self, caller: Caller, item: uuid.UUID) -> Row[Any]:
        async with self._database.statements() as connection:
            return await _allowed(connection, caller, item)

    async def change(
        self, caller: Caller, item: uuid.UUID, changes: ItemChanges, conditions: Conditions
    ) -> Row[Any]:
        values = changes.model_dump(exclude_unset=True)
        if not values:
            found = await self.read(caller, item)
            if not conditions.met_by(found.revision):
                raise precondition_failed()
            return found
        async with self._database.statements() as connection:
            wanted = Wanted(item, _limit_to(caller), conditions)
            changed = await repository.change(connection, wanted, values)
            if changed is None:
                await _refuse(connection, caller, item)
        return changed

    async def delete(self, caller: Caller, item: uuid.UUID, conditions: Conditions) -> None:
        async with self._database.statements() as connection:
            if not await repository.remove(connection, Wanted(item, _limit_to(caller), conditions)):
                await _refuse(connection, caller, item)

    async def purge(self, owner: uuid.UUID) -> int:
        """Idempotent. Two transactions, so that others wait for the short one only."""
        async with self._database.transaction() as connection:
            await repository.refuse_owner(connection, owner)
        async with self._database.statements() as connection:
            await self._idempotency.forget(connection, owner)
            return await repository.remove_all_of(connection, owner)


def _limit_to(caller: Caller) -> uuid.UUID | None:
    return None if caller.is_superuser else caller.id


async def _allowed(connection: AsyncConnection, caller: Caller, item: uuid.UUID) -> Row[Any]:
    found = await repository.by_id(connection, item)
    if found is None:
        raise ServiceError(404, "Item not found")
    if not caller.is_superuser and found.owner_id != caller.id:
        raise ServiceError(403, "Not enough permissions")
    return found


async def _refuse(connection: AsyncConnection, caller: Caller, item: uuid.UUID) -> None:
    """Nothing was changed: there is no such item, or it is another's, or it is not in the state asked for."""
    await _allowed(connection, caller, item)
    raise precondition_failed()
