"""The control listener of a process: alive, ready, metrics, and what the application adds; never public."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.common import metrics

CHECK_SECONDS = 2.0
BODY_LIMIT = 64 * 1024

Check = Callable[[], Awaitable[str | None]]
Command = Callable[[dict[str, Any]], Awaitable[tuple[int, dict[str, Any]]]]


class Control:
    """`stage` is None while the process serves, else a sentence that says why it does not.

    The application offers its checks as `app.state.readiness` and, if it has any, its commands as
    `app.state.control`: a mapping of (method, path) to a callable from a document to status and document.
    Its `app.state.ages`, in seconds, are those of what it knows from other services and uses.
    """

    def __init__(self, service: str, release: str, app: Any, stage: Callable[[], str | None]) -> None:
        self._service = service
        self._release = release
        self._app = app
        self._stage = stage

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        method, path = scope["method"], scope["path"]
        if method == "GET" and path == "/metrics":
            await _send(send, 200, metrics.render(), metrics.CONTENT_TYPE.encode())
            return
        status, document = await self._answer(method, path, receive)
        await _send(send, status, json.dumps(document).encode(), b"application/json")

    async def _answer(self, method: str, path: str, receive: Any) -> tuple[int, dict[str, Any]]:
        if method == "GET" and path == "/livez":
            return 200, {"alive": True}
        if method == "GET" and path == "/readyz":
            return await self._readiness()
        command: Command | None = getattr(self._app.state, "control", {}).get((method, path))
        if command is None:
            return 404, {"detail": f"The control listener has no {method} {path}"}
        try:
            document = await _document(receive)
        except ValueError as error:
            return 400, {"detail": str(error)}
        return await command(document)

    async def _readiness(self) -> tuple[int, dict[str, Any]]:
        stage = self._stage()
        checks: Mapping[str, Check] = getattr(self._app.state, "readiness", {}) if stage is None else {}
        found = await asyncio.gather(*(_verdict(check) for check in checks.values()))
        answers = {"draining": stage or "ok"} | dict(zip(checks, found, strict=True))
        ready = all(text == "ok" for text in answers.values())
        ages = {name: age() for name, age in getattr(self._app.state, "ages", {}).items()}
        told = {"service": self._service, "release": self._release, "checks": answers, "ages": ages}
        body = {"ready": ready, **told}
        return 200 if ready else 503, body


async def _verdict(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check() or "ok"
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except Exception as error:
        # the message of an unexpected error may carry an address with its password
        return f"the check itself failed: {type(error).__name__}"


async def _document(receive: Any) -> dict[str, Any]:
    body, more = b"", True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if more:
        raise ValueError(f"The body is larger than {BODY_LIMIT} bytes")
    document = json.loads(body or b"{}")
    if not isinstance(document, dict):
        raise ValueError("The body must be a JSON object")
    return document


async def _send(send: Any, status: int, body: bytes, media_type: bytes) -> None:
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
