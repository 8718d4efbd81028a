"""Which host names are answered."""

from __future__ import annotations

from services.gateway.refusal import Refusal


class Hosts:
    """None listed: every name is."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(name.lower().rstrip(".").encode() for name in allowed)

    def check(self, given: bytes) -> None:
        """`given` is the Host header, with or without a port. Raises Refusal (421)."""
        if self._allowed and _name(given) not in self._allowed:
            raise Refusal(421, "This host name is not served here")


def _name(given: bytes) -> bytes:
    if given.startswith(b"["):
        return given.partition(b"]")[0] + b"]"
    return given.partition(b":")[0].lower().rstrip(b".")
