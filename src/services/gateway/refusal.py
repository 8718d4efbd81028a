"""An answer that the gateway gives on its own, as an exception, in the one shape that all errors have."""

from __future__ import annotations

import json
from http import HTTPStatus

Headers = list[tuple[bytes, bytes]]
PROBLEM = b"application/problem+json"


class Refusal(Exception):
    """`detail` is read by whoever sent the request, so it names nothing from behind the gateway's routes."""

    def __init__(self, status: int, detail: str, headers: Headers | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or []

    def render(self, accept: bytes) -> tuple[Headers, bytes]:
        """Headers and body; RFC 9457 in full for a client that asks for it."""
        document: dict[str, object] = {"detail": self.detail}
        media_type = b"application/json"
        if PROBLEM in accept:
            media_type = PROBLEM
            title = HTTPStatus(self.status).phrase
            document = {"type": "about:blank", "title": title, "status": self.status} | document
        body = json.dumps(document, ensure_ascii=False).encode()
        return [(b"content-type", media_type), *self.headers], body


def unavailable(status: int, detail: str, seconds: float) -> Refusal:
    """One that says after how many seconds it is worth another try."""
    whole = max(1, -int(-seconds // 1))
    return Refusal(status, detail, [(b"retry-after", str(whole).encode())])
