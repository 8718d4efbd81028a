"""The rules of items: their owner may do everything with them, a superuser as well, nobody else anything."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.access_tokens import Caller
from services.common.database import Database
from services.common.errors import ServiceError, Unauthorized
from services.common.pagination import Page
from services.items import repository
from services.items.schemas import ItemChanges, NewItem


class ItemService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: Caller, wanted: Page, sorting: str) -> tuple[Any, int]:
        async with self._database.statements() as connection:
            return await repository.page(connection, wanted, sorting, _limit_to(caller))

    async def add(self, caller: Caller, new: NewItem) -> Row[Any]:
        async with self._database.statements() as connection:
            item = await repository.add(connection, caller.id, new.model_dump())
        if item is None:
            raise Unauthorized
        return item

    async def read(self, caller: Caller, item: uuid.UUID) -> Row[Any]:
        async with self._database.statements() as connection:
            return await _allowed(connection, caller, item)

    async def change(self, caller: Caller, item: uuid.UUID, changes: ItemChanges) -> Row[Any]:
        values = changes.model_dump(exclude_unset=True)
        if not values:
            return await self.read(caller, item)
        async with self._database.statements() as connection:
            changed = await repository.change(connection, item, _limit_to(caller), values)
            if changed is None:
                await _refuse(connection, item)
        return changed

    async def delete(self, caller: Caller, item: uuid.UUID) -> None:
        async with self._database.statements() as connection:
            if not await repository.remove(connection, item, _limit_to(caller)):
                await _refuse(connection, item)

    async def purge(self, owner: uuid.UUID) -> int:
        """Idempotent. Two transactions, so that others wait for the short one only."""
        async with self._database.transaction() as connection:
            await repository.refuse_owner(connection, owner)
        async with self._database.statements() as connection:
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


async def _refuse(connection: AsyncConnection, item: uuid.UUID) -> None:
    """Nothing was changed: say whether that is because there is no such item or because it is another's."""
    if await repository.by_id(connection, item) is None:
        raise ServiceError(404, "Item not found")
    raise ServiceError(403, "Not enough permissions")
