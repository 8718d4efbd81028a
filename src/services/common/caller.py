"""Who may call an endpoint, as types for its parameters: people and other services, by their tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from services.common.access_tokens import Caller
from services.common.errors import ServiceError, Unauthorized


def _bearer(request: Request) -> str:
    sent = request.headers.getlist("authorization")
    if not sent:
        raise Unauthorized("Not authenticated")
    scheme, _, token = sent[0].strip().partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized
    return token.strip()


async def _caller(request: Request) -> Caller:
    return await request.app.state.kit.access.check(_bearer(request))


async def _caller_if_any(request: Request) -> Caller | None:
    if "authorization" not in request.headers:
        return None
    return await _caller(request)


CurrentCaller = Annotated[Caller, Depends(_caller)]
CallerIfAny = Annotated[Caller | None, Depends(_caller_if_any)]


def not_enough_privileges() -> ServiceError:
    return ServiceError(403, "The user doesn't have enough privileges")


def only_for(*services: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency: the request comes from one of `services`, proven by its service token."""

    async def check(request: Request) -> None:
        name = request.app.state.kit.service_tokens.check(_bearer(request))
        if name not in services:
            raise ServiceError(403, f"The {name} service may not call this")

    return check
