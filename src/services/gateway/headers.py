"""Which headers pass the gateway in either direction, and which it sets itself."""

from __future__ import annotations

import re

from services.gateway.refusal import Refusal

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What a Connection header may name. Naming any other would make us drop it: a request that loses, say, its
# Authorization on the way turns into another request.
CONNECTION_OPTIONS = frozenset({b"", b"close", b"keep-alive", b"te", b"upgrade", b"http2-settings"})
SET_BY_US = frozenset(
    {
        b"host",
        b"expect",
        b"forwarded",
        b"traceparent",
        b"tracestate",
        b"content-length",
        b"http2-settings",
    }
)
IDENTITY = re.compile(rb"x[-_](?:user|forwarded|auth|request[-_]id|real[-_]ip)(?:[-_]|\Z)")
SINGLE = frozenset({b"host", b"authorization", b"content-type", b"content-length", b"idempotency-key"})

SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
]
# Said over TLS alone: a browser must not take it from anybody who could have changed the answer.
SECURE = (b"strict-transport-security", b"max-age=31536000")
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE = (b"cache-control", b"no-store")
_NOT_PASSED = HOP_BY_HOP | SET_BY_US
_OURS = HOP_BY_HOP | {name for name, _ in (*SECURITY, SECURE, POLICY)} | {b"date", b"server", b"x-request-id"}
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-|\Z)")


def find(headers: Headers, wanted: bytes) -> bytes:
    """The first value, or nothing."""
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def check(headers: Headers) -> None:
    """Raises Refusal (400) for a head that programs behind us could read in two ways."""
    seen = set()
    for name, value in headers:
        if name in SINGLE:
            if name in seen:
                raise Refusal(400, f"The header {name.decode()} appears more than once")
            seen.add(name)
        elif name == b"connection":
            named = {option.strip() for option in value.lower().split(b",")}
            if not named <= CONNECTION_OPTIONS:
                raise Refusal(400, "The Connection header names a header that must reach the service")
    if b"host" not in seen:
        raise Refusal(400, "The Host header is missing")


def towards_service(headers: Headers) -> Headers:
    """What passes of a client's headers. Raises Refusal (400) for bytes that are no text."""
    passed = [
        pair
        for pair in headers
        if pair[0] not in _NOT_PASSED and not (pair[0].startswith(b"x") and IDENTITY.match(pair[0]))
    ]
    for _, value in passed:
        if not value.isascii():
            _check_text(value)
    return passed


def _check_text(value: bytes) -> None:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, "Headers must be written in UTF-8") from error


def towards_client(status: int, headers: Headers) -> Headers:
    """What passes of a service's headers; an answer about who may do something is never kept by a cache."""
    passed = [pair for pair in headers if pair[0] not in _OURS]
    if status in (401, 403):
        passed = [pair for pair in passed if pair[0] != b"cache-control"]
        passed.append(NO_STORE)
    return passed


def trace(headers: Headers, request_id: str, span: str) -> Headers:
    """W3C trace context: the client's trace goes on, or one of ours begins; the span is always ours."""
    match = _TRACE.match(find(headers, b"traceparent"))
    if match is None:
        return [(b"traceparent", f"00-{request_id}-{span}-01".encode())]
    passed = [(b"traceparent", b"00-%s-%s-%s" % (match[1], span.encode(), match[2]))]
    state = find(headers, b"tracestate")
    if state and state.isascii():
        passed.append((b"tracestate", state))
    return passed
