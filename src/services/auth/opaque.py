"""Random tokens that mean something only to us; what is stored is their hash."""

from __future__ import annotations

import hashlib
import secrets


def fresh() -> str:
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """No salt and no stretching: the token is 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()
