"""The public endpoints of accounts; each translates HTTP to one call of the service."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request

from services.common.app import PREFIX
from services.common.bodies import StrictRoute
from services.common.caller import CallerIfAny, CurrentCaller, not_enough_privileges
from services.common.conditions import conditions, tagged, tagged_unless_known
from services.common.errors import InvalidBody, ServiceError
from services.common.fields import Message
from services.common.pagination import Paged
from services.users import repository
from services.users.current import CurrentUser, Service, Superuser, active_user
from services.users.schemas import (
    PRIVILEGED,
    NewUser,
    OwnChanges,
    PasswordChange,
    Registration,
    Sorting,
    UserChanges,
    UserOut,
    UsersOut,
)
from services.users.service import SELF_DELETION, TAKEN_ON_CREATE, TAKEN_ON_SIGNUP

router = APIRouter(route_class=StrictRoute, prefix=f"{PREFIX}/users", tags=["users"])
DELETED = Message(message="User deleted successfully")


@router.get("", response_model=UsersOut)
async def list_users(
    request: Request,
    _: Superuser,
    wanted: Paged,
    sorting: Sorting = "-created_at",
    is_active: bool | None = None,
):
    async with request.app.state.kit.database.statements() as connection:
        rows, count = await repository.page(connection, wanted, sorting, is_active)
    return {"data": rows, "count": count}


async def _creator(request: Request, caller: CallerIfAny) -> uuid.UUID | None:
    """The superuser who makes the new user; without a token it is a registration."""
    if caller is None:
        return None
    if not (await active_user(request, caller)).is_superuser:
        raise not_enough_privileges()
    return caller.id


Creator = Annotated[uuid.UUID | None, Depends(_creator)]


async def _create(request: Request, new: Registration, taken: str, creator: uuid.UUID | None = None):
    once = await request.app.state.idempotency.once(request, creator)
    return await request.app.state.service.create(new, taken, once)


@router.post("", response_model=UserOut)
async def create_user(request: Request, new: NewUser, creator: Creator):
    if creator is None:
        for field in PRIVILEGED:
            if field in new.model_fields_set:
                raise InvalidBody(field, "extra_forbidden", "Extra inputs are not permitted")
    return await _create(request, new, TAKEN_ON_CREATE, creator)


@router.post("/signup", response_model=UserOut)
async def sign_up(request: Request, new: Registration):
    return await _create(request, new, TAKEN_ON_SIGNUP)


@router.api_route("/signup", methods=["GET", "HEAD", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def sign_up_is_no_user():
    """Would otherwise be taken for the id of one."""
    raise HTTPException(405)


@router.get("/me", response_model=UserOut)
async def read_own(request: Request, user: CurrentUser):
    return tagged_unless_known(request, UserOut, user)


@router.put("/me", response_model=UserOut)
@router.patch("/me", response_model=UserOut)
async def change_own(request: Request, user: CurrentUser, changes: OwnChanges, service: Service):
    values = changes.model_dump(exclude_unset=True)
    return tagged(UserOut, await service.change(user.id, values, conditions(request), "User not found"))


@router.delete("/me", response_model=Message)
async def delete_own(request: Request, user: CurrentUser, service: Service):
    if user.is_superuser:
        raise ServiceError(403, SELF_DELETION)
    await service.delete(user.id, conditions(request))
    return DELETED


@router.put("/me/password", response_model=Message)
@router.patch("/me/password", response_model=Message)
async def change_own_password(
    user: CurrentUser, caller: CurrentCaller, change: PasswordChange, service: Service
):
    await service.change_own_password(user, change.current_password, change.new_password, caller.token_id)
    return Message(message="Password updated successfully")


@router.get("/{user_id}", response_model=UserOut)
async def read_user(request: Request, user_id: uuid.UUID, user: CurrentUser, service: Service):
    if user.id == user_id:
        return tagged_unless_known(request, UserOut, user)
    # Before looking: whether an id exists is none of a normal user's business.
    if not user.is_superuser:
        raise not_enough_privileges()
    if found := await service.find(user_id):
        return tagged_unless_known(request, UserOut, found)
    raise ServiceError(404, "User not found")


@router.put("/{user_id}", response_model=UserOut)
@router.patch("/{user_id}", response_model=UserOut)
async def change_user(
    request: Request, user_id: uuid.UUID, _: Superuser, changes: UserChanges, service: Service
):
    missing = "The user with this id does not exist in the system"
    values = changes.model_dump(exclude_unset=True)
    return tagged(UserOut, await service.change(user_id, values, conditions(request), missing))


@router.delete("/{user_id}", response_model=Message)
async def delete_user(request: Request, user_id: uuid.UUID, user: Superuser, service: Service):
    if user.id == user_id:
        raise ServiceError(403, SELF_DELETION)
    await service.delete(user_id, conditions(request))
    return DELETED


private = APIRouter(route_class=StrictRoute, prefix=f"{PREFIX}/private/users", tags=["private"])


@private.post("", response_model=UserOut)
async def create_private(request: Request, new: Registration):
    return await _create(request, new, TAKEN_ON_CREATE)
