"""The user behind a request as the database knows them now, as types for endpoint parameters."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Row

from services.common.access_tokens import Caller
from services.common.caller import CurrentCaller, not_enough_privileges
from services.common.errors import Unauthorized
from services.users.service import UserService


async def _service(request: Request) -> UserService:
    return request.app.state.service


async def active_user(request: Request, caller: Caller) -> Row[Any]:
    """A token outlives its user by up to a second; the row does not."""
    user = await request.app.state.service.find(caller.id)
    if user is None or not user.is_active:
        raise Unauthorized
    return user


Service = Annotated[UserService, Depends(_service)]


async def _current(request: Request, caller: CurrentCaller) -> Any:
    return await active_user(request, caller)


CurrentUser = Annotated[Any, Depends(_current)]


async def _current_superuser(user: CurrentUser) -> Any:
    if not user.is_superuser:
        raise not_enough_privileges()
    return user


Superuser = Annotated[Any, Depends(_current_superuser)]
