"""Around every request: its identity, one log line and one count; and `/path/` answered like `/path`."""

from __future__ import annotations

import time
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common import metrics, tracing

POLLED = frozenset({"/internal/revocations", "/.well-known/jwks.json"})
log = structlog.get_logger()


class Observation:
    """ASGI middleware; the paths of our routes end without a slash."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        trace = tracing.begin(headers.get("x-request-id"), headers.get("traceparent"))
        path = scope["path"]
        if b"%2f" in (scope.get("raw_path") or b"").lower():
            # An escaped slash separates nothing: only as it was written does the path say so.
            path = scope["path"] = scope["raw_path"].decode("latin-1")
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path[:-1]
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", trace.request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, never the path itself: paths hold e-mail addresses.
        route = getattr(scope.get("route"), "path", None)
        metrics.observe(self._service, scope["method"], route, status, seconds)
        # Every process asks for these all the time; that it went well is no news.
        write = log.debug if route in POLLED and status == HTTPStatus.OK else log.info
        write(
            "request",
            method=scope["method"],
            route=route or metrics.UNMATCHED,
            status=status,
            milliseconds=round(seconds * 1000, 2),
        )
