"""The endpoints of items, public and internal; each translates HTTP to one call of the service."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.common.app import PREFIX
from services.common.bodies import StrictRoute
from services.common.caller import CurrentCaller, only_for
from services.common.conditions import conditions, tagged, tagged_unless_known
from services.common.direct import DirectRoute
from services.common.fields import Message
from services.common.pagination import Paged
from services.items.schemas import ItemChanges, ItemOut, ItemsOut, NewItem, Purged, Sorting
from services.items.service import ItemService

router = APIRouter(route_class=DirectRoute, prefix=f"{PREFIX}/items", tags=["items"])
internal = APIRouter(
    route_class=StrictRoute,
    prefix="/internal",
    dependencies=[Depends(only_for("users"))],
    include_in_schema=False,
)


async def _service(request: Request) -> ItemService:
    return request.app.state.service


Service = Annotated[ItemService, Depends(_service)]


@router.get("", response_model=ItemsOut)
async def list_items(
    caller: CurrentCaller, wanted: Paged, service: Service, sorting: Sorting = "-created_at"
):
    rows, count = await service.page(caller, wanted, sorting)
    return {"data": rows, "count": count}


@router.post("", response_model=ItemOut)
async def create_item(request: Request, caller: CurrentCaller, new: NewItem, service: Service):
    once = await request.app.state.idempotency.once(request, caller.id)
    return await service.add(caller, new, once)


@router.get("/{item_id}", response_model=ItemOut)
async def read_item(request: Request, item_id: uuid.UUID, caller: CurrentCaller, service: Service):
    return tagged_unless_known(request, ItemOut, await service.read(caller, item_id))


@router.put("/{item_id}", response_model=ItemOut)
@router.patch("/{item_id}", response_model=ItemOut)
async def change_item(
    request: Request, item_id: uuid.UUID, caller: CurrentCaller, changes: ItemChanges, service: Service
):
    return tagged(ItemOut, await service.change(caller, item_id, changes, conditions(request)))


@router.delete("/{item_id}", response_model=Message)
async def delete_item(request: Request, item_id: uuid.UUID, caller: CurrentCaller, service: Service):
    await service.delete(caller, item_id, conditions(request))
    return Message(message="Item deleted successfully")


@internal.delete("/owners/{owner_id}/items", response_model=Purged)
async def purge_items(owner_id: uuid.UUID, service: Service):
    return {"deleted": await service.purge(owner_id)}
