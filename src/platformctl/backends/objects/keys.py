"""What a key may be: names separated by slashes that cannot lead out of the store, or to all of it."""

from __future__ import annotations

from platformctl.errors import BackupError


def parts(key: str) -> tuple[str, ...]:
    """Raises BackupError when it is no key; a prefix is a key, too, so nothing can mean the whole store."""
    found = tuple(key.split("/"))
    if not all(found) or any(part in (".", "..") for part in found):
        raise BackupError(f"{key!r} is no key of an object", fix="platformctl backup list")
    return found
