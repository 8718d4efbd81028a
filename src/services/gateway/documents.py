"""One OpenAPI document out of those of the services: only what is routed."""

from __future__ import annotations

import asyncio
import json
from time import monotonic
from typing import Any

from services.gateway.refusal import Refusal
from services.gateway.routing import Routes
from services.gateway.upstreams import Upstreams

SERVICES = ("auth", "users", "items")
SOURCE = "/openapi.json"
FRESH_SECONDS = 10.0
WAIT_SECONDS = 3.0
METHODS = frozenset({"get", "head", "post", "put", "patch", "delete"})

Document = dict[str, Any]


class Documents:
    """Keeps the merged document for a while; an older one is better than none."""

    def __init__(self, upstreams: Upstreams, routes: Routes, release: str) -> None:
        self._upstreams = upstreams
        self._routes = routes
        self._release = release
        self._merged: Document | None = None
        self._read_at = 0.0

    async def merged(self) -> Document:
        """Raises Refusal (502, 503, 504) when a service does not answer and none was read before."""
        if self._merged is not None and monotonic() - self._read_at < FRESH_SECONDS:
            return self._merged
        try:
            self._merged = merge(await self._parts(), self._routes, self._release)
        except Refusal:
            if self._merged is None:
                raise
        self._read_at = monotonic()
        return self._merged

    async def _parts(self) -> dict[str, Document]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                texts = await asyncio.gather(*(self._upstreams.fetch(name, SOURCE) for name in SERVICES))
            return {name: json.loads(text) for name, text in zip(SERVICES, texts, strict=True)}
        except TimeoutError:
            raise Refusal(504, "A service did not describe itself in time") from None
        except ValueError as error:
            raise Refusal(502, "A service's description of itself is broken") from error


def merge(parts: dict[str, Document], routes: Routes, release: str) -> Document:
    """Components that two services define differently are told apart by the service's name."""
    components: dict[str, Document] = {}
    paths: Document = {}
    for service, part in parts.items():
        renamed = _renamed(service, part, components)
        for path, operations in renamed.get("paths", {}).items():
            kept = {
                method: operation | {"tags": [service]}
                for method, operation in operations.items()
                if method in METHODS and routes.offers(method.upper(), path, service)
            }
            if kept:
                paths[path] = paths.get(path, {}) | kept
    _distinct_operation_ids(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": "platform", "version": release},
        "paths": paths,
        "components": components,
    }


def _renamed(service: str, part: Document, components: dict[str, Document]) -> Document:
    """`part` with its clashing components renamed, all of its components added to `components`."""
    text = json.dumps(part)
    for kind, named in part.get("components", {}).items():
        known = components.setdefault(kind, {})
        for name, definition in named.items():
            if known.get(name, definition) != definition:
                own = f"{service.capitalize()}{name}"
                text = text.replace(f'"#/components/{kind}/{name}"', f'"#/components/{kind}/{own}"')
    renamed: Document = json.loads(text)
    for kind, named in renamed.get("components", {}).items():
        for name, definition in named.items():
            known = components[kind]
            clash = name in known and known[name] != definition
            known[f"{service.capitalize()}{name}" if clash else name] = definition
    return renamed


def _distinct_operation_ids(paths: Document) -> None:
    seen: set[str] = set()
    for operations in paths.values():
        for method, operation in operations.items():
            name = operation.get("operationId")
            if name in seen:
                name = operation["operationId"] = f"{operation['tags'][0]}_{name}_{method}"
            seen.add(name)
