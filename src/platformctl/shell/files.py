"""Writes files that are whole or absent, and tells a full disk or a missing right in plain words."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformctl.errors import StateError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Turn a full disk and a missing right below `path` into a StateError; other errors pass.

    What was changed before is unknown here, so the error claims no state; whoever shows it does.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StateError(
                f"the disk is full: {path} could not be written",
                cause=str(error),
                state="",
                fix=f"free some space (df -h {path.parent}), then run the same command again",
                reference="state/disk-full",
            ) from error
        if error.errno in FORBIDDEN:
            raise StateError(
                f"{path} cannot be written",
                cause=str(error),
                state="",
                fix="make the folder writable for this user, or set XDG_STATE_HOME to one that is",
                reference="state/not-writable",
            ) from error
        raise


def write_whole(path: Path, content: bytes | str, mode: int = 0o600) -> None:
    """Replace `path` in one step, on disk before the step: a crash leaves the old file or the new one."""
    data = content.encode() if isinstance(content, str) else content
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as out:
                os.fchmod(descriptor, mode)
                out.write(data)
                out.flush()
                os.fsync(descriptor)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def sweep(path: Path) -> None:
    """Delete what writers of `path` that were killed have left; for whoever alone may write it now."""
    for left in path.parent.glob(f".{path.name}.????????"):
        left.unlink(missing_ok=True)


def private_directory(path: Path) -> None:
    """Make `path` with mode 0700, or check that it is a directory of ours that nobody else can enter."""
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
                raise StateError(
                    f"{path} is not a private directory of this user",
                    cause=f"owner {found.st_uid}, mode {stat.filemode(found.st_mode)}",
                    fix=f"look at it (ls -ld {path}); when it is yours: chmod 700 {path}",
                    reference="state/not-private",
                ) from None


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; the kernel frees it however this process ends."""
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
