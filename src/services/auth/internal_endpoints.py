"""What other services ask of auth and tell it; the gateway routes none of it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.auth import feed
from services.auth.schemas import Accepted, AccountEvent, Taken, UntilFull
from services.common.bodies import StrictRoute
from services.common.caller import only_for
from services.common.revocations import Feed

router = APIRouter(route_class=StrictRoute, prefix="/internal", include_in_schema=False)


@router.get("/revocations", response_model=Feed, dependencies=[Depends(only_for("users", "items"))])
async def read_revocations(
    request: Request, since: Annotated[int, Query(ge=0, le=2**62)] = 0, generation: str | None = None
):
    async with request.app.state.kit.database.statements() as connection:
        return await feed.read(connection, generation, since)


@router.put("/accounts/{user_id}", response_model=Accepted, dependencies=[Depends(only_for("users"))])
async def account_changed(request: Request, user_id: uuid.UUID, event: AccountEvent):
    return {"sequence": await request.app.state.sessions.account_changed(user_id, event)}


@router.post("/allowances", response_model=UntilFull, dependencies=[Depends(only_for("gateway"))])
async def add_to_allowances(request: Request, sent: Taken):
    state = request.app.state
    async with state.kit.database.statements() as connection:
        return {"until_full": await state.allowances.add(connection, sent.taken)}
