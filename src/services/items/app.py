"""The items service as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI

from services.common.app import kit, service_app
from services.common.settings import load
from services.items import endpoints
from services.items.service import ItemService
from services.items.settings import ItemsSettings


def create_app(settings: ItemsSettings | None = None) -> FastAPI:
    parts = kit("items", settings or load(ItemsSettings))
    app = service_app(parts, [endpoints.router, endpoints.internal])
    app.state.service = ItemService(parts.database)
    return app
