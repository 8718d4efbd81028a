"""The identity of the request at hand, taken over from the caller and handed on to whom we ask."""

from __future__ import annotations

import re
import secrets
import uuid
from contextvars import ContextVar
from dataclasses import dataclass

import structlog

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """`span` is ours; what the caller sent as its own span is our parent and not needed."""

    request_id: str
    trace_id: str
    span: str
    flags: str

    def headers(self) -> dict[str, str]:
        return {
            "X-Request-Id": self.request_id,
            "traceparent": f"00-{self.trace_id}-{self.span}-{self.flags}",
        }


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(request_id: str | None, traceparent: str | None) -> Trace:
    """Take over what was sent, or start anew where it is missing or malformed."""
    if not (request_id and _REQUEST_ID.fullmatch(request_id)):
        request_id = str(uuid.uuid4())
    found = _TRACEPARENT.fullmatch(traceparent or "")
    trace_id, flags = (found[1], found[2]) if found else (secrets.token_hex(16), "00")
    trace = Trace(request_id, trace_id, secrets.token_hex(8), flags)
    _current.set(trace)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id, trace_id=trace_id)
    return trace


def outgoing_headers() -> dict[str, str]:
    """Headers for a call made on behalf of the current request; none outside of one."""
    trace = _current.get()
    return trace.headers() if trace else {}
