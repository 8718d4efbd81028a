"""The users service as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI

from services.common.app import kit, service_app
from services.common.idempotency import Idempotency
from services.common.keyed import Keyed
from services.common.settings import load
from services.users import endpoints, internal_endpoints
from services.users.models import idempotent_answers
from services.users.outbox import Outbox
from services.users.passwords import Passwords
from services.users.service import UserService
from services.users.settings import UsersSettings


def create_app(settings: UsersSettings | None = None) -> FastAPI:
    settings = settings or load(UsersSettings)
    parts = kit("users", settings)
    outbox = Outbox(parts.database, parts.peers)
    routers = [endpoints.router, internal_endpoints.router]
    if settings.private_users:
        routers.append(endpoints.private)
    fingerprint = Keyed(settings.internal_key, "idempotency")
    idempotency = Idempotency(parts.database, idempotent_answers, fingerprint)
    app = service_app(parts, routers, background=[outbox.relay, idempotency.sweep])
    app.state.service = UserService(parts.database, Passwords(), outbox, idempotency)
    app.state.idempotency = idempotency
    return app
