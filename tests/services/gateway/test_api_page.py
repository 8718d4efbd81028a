"""docs/api.md names what the services describe and the gateway serves, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI

from services.auth import endpoints as auth
from services.gateway.documents import merge
from services.gateway.routing import Routes
from services.items import endpoints as items
from services.users import endpoints as users

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
ROUTERS = {
    "auth": (auth.router, auth.keys),
    "users": (users.router, users.private),
    "items": (items.router,),
}


def promised() -> set[tuple[str, str]]:
    """Endpoint and service of each row."""
    return set(re.findall(r"^\| `([A-Z]+ /\S*)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE))


def described() -> set[tuple[str, str]]:
    parts = {}
    for name, routers in ROUTERS.items():
        app = FastAPI()
        for router in routers:
            app.include_router(router)
        parts[name] = app.openapi()
    merged = merge(parts, Routes(private_users=True), "r1")
    return {
        (f"{method.upper()} {plain(path)}", operation["tags"][0])
        for path, operations in merged["paths"].items()
        for method, operation in operations.items()
    }


def plain(path: str) -> str:
    return re.sub(r"\{\w+_id\}", "{id}", path.removeprefix("/api/v1"))


def test_the_page_names_every_endpoint_with_its_service() -> None:
    assert promised() == described()


def test_no_endpoint_stands_on_the_page_twice() -> None:
    assert len(promised()) == PAGE.read_text().count("\n| `") - 2
