"""Which pages of other origins a browser may let call the API: a closed list."""

from __future__ import annotations

from services.gateway.headers import Headers

EXPOSED = (
    b"access-control-expose-headers",
    b"ETag, Idempotency-Replayed, Retry-After, X-Request-Id, X-Retry-In",
)
ALLOWED = b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent"
VARY = (b"vary", b"Origin")


class Cors:
    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def answer(self, origin: bytes) -> Headers:
        """Headers of every answer; they differ by origin, which caches must know."""
        if not self._origins:
            return []
        if origin not in self._origins:
            return [VARY]
        return [(b"access-control-allow-origin", origin), EXPOSED, VARY]

    def preflight(self, origin: bytes, methods: bytes) -> Headers:
        """What is added to the answer to OPTIONS."""
        if origin not in self._origins:
            return []
        return [
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", ALLOWED),
            (b"access-control-max-age", b"600"),
        ]
