"""The items service as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI

from services.common.app import kit, service_app
from services.common.idempotency import Idempotency
from services.common.keyed import Keyed
from services.common.settings import load
from services.items import endpoints
from services.items.models import idempotent_answers
from services.items.service import ItemService
from services.items.settings import ItemsSettings


def create_app(settings: ItemsSettings | None = None) -> FastAPI:
    parts = kit("items", settings or load(ItemsSettings))
    fingerprint = Keyed(parts.settings.internal_key, "idempotency")
    idempotency = Idempotency(parts.database, idempotent_answers, fingerprint)
    app = service_app(parts, [endpoints.router, endpoints.internal], background=[idempotency.sweep])
    app.state.service = ItemService(parts.database, idempotency)
    app.state.idempotency = idempotency
    return app
