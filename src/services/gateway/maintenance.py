"""Maintenance mode: writes are refused until somebody opens the gateway again, across restarts."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from services.gateway.refusal import unavailable

READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Closed:
    message: str
    retry_after: int


UNREADABLE = Closed("The gateway cannot read whether it is in maintenance, so it takes no writes", 60)


class Maintenance:
    """A state file that cannot be understood counts as closed: a write let through cannot be taken back."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.closed = _read(file)

    def check(self, method: str) -> None:
        """Raises Refusal (503) for a write."""
        if self.closed is not None and method not in READS:
            raise unavailable(503, self.closed.message, self.closed.retry_after)

    def close(self, closed: Closed) -> None:
        """Blocks for the disk; raises OSError, and then nothing has changed."""
        _write(self._file, closed)
        self.closed = closed

    def open(self) -> None:
        """Blocks for the disk; raises OSError, and then nothing has changed."""
        _write(self._file, None)
        self.closed = None

    async def readable(self) -> str | None:
        """A readiness check."""
        return None if self.closed is not UNREADABLE else f"{self._file} is unreadable; writes are refused"


def _read(file: Path) -> Closed | None:
    try:
        kept = json.loads(file.read_text())["maintenance"]
        return None if kept is None else Closed(str(kept["message"]), int(kept["retry_after"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError):
        return UNREADABLE


def _write(file: Path, closed: Closed | None) -> None:
    """Whole or not at all, also when the power fails; several processes may share the file."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with new.open("w") as stream:
            json.dump({"maintenance": None if closed is None else asdict(closed)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
