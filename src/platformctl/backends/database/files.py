"""The data directory on disk: whose it is, whether there is room; nothing here talks to a server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from platformctl.errors import PreconditionError, StateError

UNFINISHED = ".making-"
ROOM = 256 * 1024 * 1024  # bytes: an empty server takes 40 MB, its first write-ahead log up to 160 MB


def made_by(data: Path, fix: str) -> int | None:
    """The major version that made the directory, None when it is not there or empty; else StateError."""
    mark = data / "PG_VERSION"
    try:
        if mark.is_file():
            return int(mark.read_text().strip())
        if not data.exists() or not any(data.iterdir()):
            return None
    except (OSError, ValueError) as error:
        raise StateError(f"{data} cannot be read as a data directory", cause=str(error), fix=fix) from error
    raise StateError(
        f"{data} holds files but no PostgreSQL data",
        cause="PG_VERSION is missing; a directory that is not empty is never initialised",
        fix=f"move {data} away; {fix}",
    )


def require_room(
    folder: Path, needed: int, purpose: str, fix: str, state: str = "Nothing was touched."
) -> None:
    """`needed` is in bytes. Raises PreconditionError that says how many bytes are missing."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise PreconditionError(
            f"the disk of {folder} is too full for {purpose}",
            cause=f"{needed:,} bytes are needed, {free:,} are free: {needed - free:,} are missing",
            state=state,
            fix=fix,
            reference="disk/full",
        )


def unfinished(data: Path) -> Path:
    """Where the next initdb works; it gets its real name only when complete."""
    return data.with_name(f"{data.name}{UNFINISHED}{os.getpid()}")


def sweep(data: Path) -> None:
    """Delete what an initdb that was killed left behind."""
    for left in data.parent.glob(f"{data.name}{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)


def publish(made: Path, data: Path) -> None:
    """Rename is atomic: a data directory is there completely or not at all."""
    os.replace(made, data)
    sync(data.parent)


def sync(folder: Path) -> None:
    """A new name survives a power cut only after its folder was synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
