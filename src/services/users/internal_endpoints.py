"""What other services ask of accounts; the gateway routes none of it."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends

from services.common.bodies import StrictRoute
from services.common.caller import only_for
from services.users.current import Service
from services.users.schemas import Changed, Credentials, Found, Lookup, PasswordReset

router = APIRouter(
    route_class=StrictRoute,
    prefix="/internal",
    dependencies=[Depends(only_for("auth"))],
    include_in_schema=False,
)


@router.post("/credentials", response_model=Found)
async def verify_credentials(given: Credentials, service: Service):
    return {"user": await service.verify(given.email, given.password)}


@router.post("/lookup", response_model=Found)
async def look_up(given: Lookup, service: Service):
    return {"user": await service.find_by_email(given.email)}


@router.get("/users/{user_id}", response_model=Found)
async def read_identity(user_id: uuid.UUID, service: Service):
    return {"user": await service.find(user_id)}


@router.put("/users/{user_id}/password", response_model=Changed)
async def reset_password(user_id: uuid.UUID, reset: PasswordReset, service: Service):
    return {"changed": await service.reset_password(user_id, reset.password, reset.version)}
