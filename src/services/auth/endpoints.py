"""The public endpoints of signing in and out; each translates HTTP to one call of the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import OAuth2PasswordRequestForm
from starlette.responses import JSONResponse

from services.auth.client import client_of
from services.auth.recovery import Recovery
from services.auth.schemas import Logout, Refresh, Reset, TokensOut, UserOut
from services.auth.service import Sessions
from services.common.app import PREFIX
from services.common.bodies import StrictRoute
from services.common.caller import CallerIfAny, CurrentCaller
from services.common.fields import Message

router = APIRouter(route_class=StrictRoute, prefix=PREFIX, tags=["auth"])
keys = APIRouter(tags=["auth"])
ASKED = Message(message="If that email is registered, we sent a password recovery link")


async def _sessions(request: Request) -> Sessions:
    return request.app.state.sessions


async def _recovery(request: Request) -> Recovery:
    return request.app.state.recovery


async def _uncached(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


SessionsHere = Annotated[Sessions, Depends(_sessions)]
RecoveryHere = Annotated[Recovery, Depends(_recovery)]


@router.post("/login/access-token", response_model=TokensOut, dependencies=[Depends(_uncached)])
async def log_in(
    request: Request, form: Annotated[OAuth2PasswordRequestForm, Depends()], sessions: SessionsHere
):
    return await sessions.begin(form.username, form.password, client_of(request))


@router.post("/login/test-token", response_model=UserOut)
async def test_token(caller: CurrentCaller, sessions: SessionsHere):
    return await sessions.user(caller)


@router.post("/login/refresh", response_model=TokensOut, dependencies=[Depends(_uncached)])
async def refresh(given: Refresh, sessions: SessionsHere):
    return await sessions.go_on(given.refresh_token)


@router.post("/login/logout", response_model=Message)
async def log_out(request: Request, caller: CallerIfAny, sessions: SessionsHere, given: Logout | None = None):
    await sessions.end(caller, given.refresh_token if given else None)
    # This process at least knows it before the answer is out.
    await request.app.state.kit.access.view.pull()
    return Message(message="Logged out successfully")


@router.post("/password-recovery/{email}", response_model=Message)
async def recover_password(email: str, recovery: RecoveryHere):
    recovery.ask(email)
    return ASKED


@router.post("/reset-password", response_model=Message)
async def reset_password(given: Reset, recovery: RecoveryHere):
    await recovery.reset(given.token, given.new_password)
    return Message(message="Password updated successfully")


@router.get("/auth/verify", response_class=Response)
@router.head("/auth/verify", response_class=Response)
@router.post("/auth/verify", response_class=Response)
async def verify(caller: CurrentCaller, sessions: SessionsHere):
    """For an ingress that asks before it forwards a request."""
    user = await sessions.user(caller)
    response = Response(headers={"Cache-Control": "no-store", "X-User-Id": str(user.id)})
    # Addresses may go beyond Latin-1, which is all that a str in a header may hold.
    response.raw_headers.append((b"x-user-email", user.email.encode()))
    response.headers["X-User-Role"] = "superuser" if user.is_superuser else "user"
    return response


@keys.get("/.well-known/jwks.json")
@keys.get(f"{PREFIX}/.well-known/jwks.json")
async def key_set(request: Request):
    return JSONResponse(request.app.state.signer.published, headers={"Cache-Control": "public, max-age=30"})
