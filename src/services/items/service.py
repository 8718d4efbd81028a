"""The rules of items: their owner may do everything with them, a superuser as well, nobody else anything."""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

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
        return await repository.page(self._database.driver, wanted, sorting, _limit_to(caller))

    async def add(self, caller: Caller, new: NewItem, once: Once) -> Response:
        values = new.model_dump()

        async def work(connection: AsyncConnection) -> Response:
            return _added(await repository.add(connection, caller.id, values))

        if once.asked:
            return await once.make(work)
        row = repository.row_to_add(caller.id, values)
        return _added(await self._database.driver.write(repository.ADD, **row))

    async def read(self, caller: Caller, item: uuid.UUID) -> Any:
        found = await self._database.driver.one(repository.BY_ID, item=item)
        if found is None:
            raise ServiceError(404, "Item not found")
        if not caller.is_superuser and found.owner_id != caller.id:
            raise ServiceError(403, "Not enough permissions")
        return found

    async def change(
        self, caller: Caller, item: uuid.UUID, changes: ItemChanges, conditions: Conditions
    ) -> Any:
        values = changes.model_dump(exclude_unset=True)
        if not values:
            found = await self.read(caller, item)
            if not conditions.met_by(found.revision):
                raise precondition_failed()
            return found
        async with self._database.statements() as connection:
            wanted = Wanted(item, _limit_to(caller), conditions)
            changed = await repository.change(connection, wanted, values)
        return changed or await self._refuse(caller, item)

    async def delete(self, caller: Caller, item: uuid.UUID, conditions: Conditions) -> None:
        async with self._database.statements() as connection:
            removed = await repository.remove(connection, Wanted(item, _limit_to(caller), conditions))
        if not removed:
            await self._refuse(caller, item)

    async def _refuse(self, caller: Caller, item: uuid.UUID) -> NoReturn:
        """Nothing was changed: there is no such item, it is another's, or in another state than asked for."""
        await self.read(caller, item)
        raise precondition_failed()

    async def purge(self, owner: uuid.UUID) -> int:
        """Idempotent. Two transactions, so that others wait for the short one only."""
        async with self._database.transaction() as connection:
            await repository.refuse_owner(connection, owner)
        async with self._database.statements() as connection:
            await self._idempotency.forget(connection, owner)
            return await repository.remove_all_of(connection, owner)


def _limit_to(caller: Caller) -> uuid.UUID | None:
    return None if caller.is_superuser else caller.id


def _added(item: Any) -> Response:
    if item is None:
        raise Unauthorized
    return tagged(ItemOut, item)
