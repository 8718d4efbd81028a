"""Hashes that say nothing without a service's own key: what they were made of could be guessed otherwise."""

from __future__ import annotations

import hmac

from joserfc.jwk import OKPKey

NAME_BYTES = 8


class Keyed:
    """One key a `purpose`, so that hashes for one are not those for another."""

    def __init__(self, key: OKPKey, purpose: str) -> None:
        secret = key.as_dict(private=True)["d"].encode()
        self._key = hmac.digest(secret, purpose.encode(), "sha256")
        # Tells hashes of another key from those of another content.
        self._name = self._hash(b"name")[:NAME_BYTES]

    def __call__(self, *parts: bytes) -> bytes:
        return self._name + self._hash(b"content", *parts)

    def differs(self, known: bytes, new: bytes) -> bool:
        """Whether two hashes are of different contents; of a key that was replaced nobody knows, so no."""
        return known[:NAME_BYTES] == new[:NAME_BYTES] and not hmac.compare_digest(known, new)

    def _hash(self, *parts: bytes) -> bytes:
        content = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self._key, content, "sha256")
