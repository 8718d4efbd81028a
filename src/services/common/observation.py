"""Around every request: its identity, one log line and one count; and `/path/` answered like `/path`."""

from __future__ import annotations

import time
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common import access_log, metrics, tracing

# Every process asks for these all the time; that it went well is no news.
POLLED = frozenset({"/internal/revocations", "/.well-known/jwks.json"})


class Observation:
    """ASGI middleware; the paths of our routes end without a slash."""

    def __init__(self, app: ASGIApp, service: str, release: str) -> None:
        self._app = app
        self._service = service
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        trace = tracing.begin(*_identity(scope["headers"]))
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
            self._record(scope, status, time.perf_counter() - started, trace)

    def _record(self, scope: Scope, status: int, seconds: float, trace: tracing.Trace) -> None:
        # The template, never the path itself: paths hold e-mail addresses.
        route = getattr(scope.get("route"), "path", None)
        metrics.observe(self._service, scope["method"], route, status, seconds)
        if (route in POLLED and status == HTTPStatus.OK) or not access_log.wanted():
            return
        access_log.write(
            self._service,
            self._release,
            method=scope["method"],
            route=route or metrics.UNMATCHED,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            request_id=trace.request_id,
            trace_id=trace.trace_id,
        )


def _identity(headers: list[tuple[bytes, bytes]]) -> tuple[str | None, str | None]:
    """What the caller sent as X-Request-Id and traceparent."""
    request_id = trace = None
    for name, value in headers:
        if name == b"x-request-id" and request_id is None:
            request_id = value.decode("latin-1")
        elif name == b"traceparent" and trace is None:
            trace = value.decode("latin-1")
    return request_id, trace
