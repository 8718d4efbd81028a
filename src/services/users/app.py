"""The users service as an ASGI application."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from services.common.app import PREFIX, kit, service_app
from services.common.settings import load
from services.users import endpoints, internal_endpoints
from services.users.outbox import Outbox
from services.users.passwords import Passwords
from services.users.service import UserService
from services.users.settings import UsersSettings


def create_app(settings: UsersSettings | None = None) -> FastAPI:
    settings = settings or load(UsersSettings)
    parts = kit("users", settings)
    outbox = Outbox(parts.database, parts.peers)
    public = APIRouter(prefix=PREFIX)
    public.include_router(endpoints.router)
    if settings.private_users:
        public.include_router(endpoints.private)
    app = service_app(parts, [public, internal_endpoints.router], background=[outbox.relay])
    app.state.service = UserService(parts.database, Passwords(), outbox)
    return app
