"""The items service as an ASGI application."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from services.common.app import PREFIX, kit, service_app
from services.common.settings import load
from services.items import endpoints
from services.items.service import ItemService
from services.items.settings import ItemsSettings


def create_app(settings: ItemsSettings | None = None) -> FastAPI:
    parts = kit("items", settings or load(ItemsSettings))
    public = APIRouter(prefix=PREFIX)
    public.include_router(endpoints.router)
    app = service_app(parts, [public, endpoints.internal])
    app.state.service = ItemService(parts.database)
    return app
