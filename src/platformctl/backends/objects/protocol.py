"""Where backups are kept: write-once objects under keys, whichever store holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`size` is in bytes, `modified` in seconds since the epoch by the store's clock."""

    key: str
    size: int
    modified: float


class Objects(Protocol):
    """Keys are slash-separated. No object is ever overwritten.

    Raises BackupError, or PreconditionError when the store cannot be asked at all.
    """

    def location(self) -> str:
        """Where a person would look for the objects."""

    def writer(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Write one object; it exists, complete and on disk, only after the block ended without an error."""

    def reader(self, key: str) -> AbstractContextManager[BinaryIO]: ...
    def list(self, prefix: str) -> Iterator[StoredObject]: ...
    def delete(self, key: str) -> None: ...
    def expiry(self, prefix: str) -> int | None:
        """After how many days the store by itself deletes what lies below `prefix`; None means never."""

    def remembering(self) -> AbstractContextManager[None]:
        """For a block that only looks: what was read before and is unchanged need not be fetched again."""

    def lock_days(self) -> int | None:
        """For how many days the store locks each new object by itself; None means that it knows no locks."""

    def sweep(self, prefix: str) -> int:
        """Delete what writers that were killed left below `prefix`; answers how many parts it was."""
