"""Small objects of a bucket that were read before, in one file: a list of a thousand backups reads that.

One is believed as long as the store lists the same entity tag, which changes with the content. Only who looks
remembers; whoever relies on an object reads the object itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from platformctl.errors import StateError
from platformctl.shell.files import write_whole

LARGEST = 256 * 1024  # bytes of an object that is kept


class Memory:
    """Of the objects of the last list alone, so that it grows no further than the bucket."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before = _load(file)
        self._tags: dict[str, str] = {}
        self._now: dict[str, tuple[str, str]] = {}

    def see(self, tags: Mapping[str, str]) -> None:
        self._tags |= tags

    def recall(self, key: str, read: Callable[[], bytes]) -> bytes:
        tag = self._tags[key]
        known, text = self._now.get(key) or self._before.get(key, ("", ""))
        if known == tag:
            self._now[key] = (tag, text)
            return text.encode()
        content = read()
        with suppress(UnicodeDecodeError):
            self._now[key] = (tag, content.decode())
        return content

    def __contains__(self, key: str) -> bool:
        return key in self._tags

    def save(self) -> None:
        """Where there is a state directory; that it cannot be written costs nothing but time."""
        if self._now != self._before and self._file.parent.is_dir():
            body = json.dumps(self._now).encode()
            with suppress(StateError, OSError):
                write_whole(self._file, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def _load(file: Path) -> dict[str, tuple[str, str]]:
    """Nothing from a file that is not whole."""
    try:
        digest, _, body = file.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return {}
    return {key: (tag, text) for key, (tag, text) in json.loads(body).items()}
