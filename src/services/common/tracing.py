"""The identity of the request at hand, taken over from the caller and handed on to whom we ask."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from random import Random

_random = Random()  # identities must differ, and need not be hard to guess
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
        request_id = str(uuid.UUID(int=_random.getrandbits(128), version=4))
    found = _TRACEPARENT.fullmatch(traceparent or "")
    trace_id, flags = (found[1], found[2]) if found else (f"{_random.getrandbits(128):032x}", "00")
    trace = Trace(request_id, trace_id, f"{_random.getrandbits(64):016x}", flags)
    _current.set(trace)
    return trace


def add(_: object, __: str, event: dict) -> dict:
    """What a log line says of the request in which it is written; a processor of structlog."""
    if trace := _current.get():
        event.setdefault("request_id", trace.request_id)
        event.setdefault("trace_id", trace.trace_id)
    return event


def outgoing_headers() -> dict[str, str]:
    """Headers for a call made on behalf of the current request; none outside of one."""
    trace = _current.get()
    return trace.headers() if trace else {}
