"""The environment's lock as a file: taken in one step, dead as soon as its holder's process is gone."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from platformctl.backends.cluster.protocol import LockHolder
from platformctl.shell import files
from platformctl.shell.processes import ProcessId

UNSEEN_FOR = 60.0  # seconds without renewal, when the holder runs on a host whose processes we cannot see


class Lease:
    """A guard beside the file makes reading and replacing it one step; the kernel frees it with us."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = path.with_suffix(".guard")

    def holder(self) -> LockHolder | None:
        """Who holds the lock and lives."""
        found = self._read()
        return found if found is not None and self._lives(found) else None

    def take(self, me: LockHolder) -> LockHolder | None:
        with files.guarded(self._guard):
            other = self.holder()
            if other is None or other.id == me.id:
                files.sweep(self._path)
                files.write_whole(self._path, json.dumps(asdict(me)))
                return None
            return other

    def renew(self, lock_id: str) -> None:
        with self._owned(lock_id) as mine:
            if mine:
                os.utime(self._path)

    def release(self, lock_id: str) -> None:
        with self._owned(lock_id) as mine:
            if mine:
                self._path.unlink(missing_ok=True)

    @contextmanager
    def _owned(self, lock_id: str) -> Iterator[bool]:
        """Whether the lock is the one named, which nobody changes within the block."""
        if not self._path.parent.exists():
            yield False
            return
        with files.guarded(self._guard):
            found = self._read()
            yield found is not None and found.id == lock_id

    def _read(self) -> LockHolder | None:
        try:
            return LockHolder(**json.loads(self._path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None  # writing replaces it whole, so what cannot be read was never a lock of ours

    def _lives(self, holder: LockHolder) -> bool:
        if holder.host == socket.gethostname():
            return ProcessId(holder.pid, holder.started).alive
        try:
            return time.time() - self._path.stat().st_mtime < UNSEEN_FOR
        except FileNotFoundError:
            return False
