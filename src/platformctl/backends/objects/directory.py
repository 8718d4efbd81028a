"""Objects as files below one directory; a file under its real name is complete and on disk."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from platformctl.backends.calls import mutation, observation
from platformctl.backends.objects import keys
from platformctl.backends.objects.protocol import StoredObject
from platformctl.errors import BackupError
from platformctl.shell.runner import Runner

UNFINISHED = ".unfinished-"
ABSENT = "What was stored before is unchanged; the object does not exist."


class DirectoryObjects:
    def __init__(self, root: Path, runner: Runner) -> None:
        self.runner = runner
        self._root = root

    def location(self) -> str:
        return str(self._root)

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        temporary = path.with_name(f"{UNFINISHED}{path.name}-{secrets.token_hex(4)}")
        stream = self._begin(key, temporary)
        if stream is None:  # a rehearsal
            with open(os.devnull, "wb") as nowhere:
                yield nowhere
            return
        try:
            with _told(key, ABSENT), stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            self._publish(key, temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def reader(self, key: str) -> Iterator[BinaryIO]:
        with _told(key), self._open(key) as stream:
            yield stream

    @observation("list objects below {prefix}")
    def list(self, prefix: str) -> Iterator[StoredObject]:
        return iter([each for each in self._files(prefix) if UNFINISHED not in each.key])

    @mutation("delete the object {key}")
    def delete(self, key: str) -> None:
        """Synced at once, so that no power cut brings back what was deleted before something else."""
        path = self._path(key)
        with _told(key):
            path.unlink(missing_ok=True)
            _sync(path.parent)
            self._remove_empty_folders(path.parent)

    def expiry(self, prefix: str) -> int | None:
        return None  # a directory deletes nothing by itself

    def remembering(self) -> AbstractContextManager[None]:
        return nullcontext()  # files are as near as what was read of them before

    def lock_days(self) -> int | None:
        return None

    def sweep(self, prefix: str) -> int:
        """Delete what writers that were killed left below `prefix`; answers how many files it was."""
        left = [each for each in self._files(prefix) if UNFINISHED in each.key]
        for each in left:
            self.delete(each.key)
        return len(left)

    @mutation("write the object {key}")
    def _begin(self, key: str, temporary: Path) -> BinaryIO | None:
        with _told(key, ABSENT):
            self._make_folders(temporary.parent)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            return os.fdopen(descriptor, "wb")

    @mutation("publish the object {key}")
    def _publish(self, key: str, temporary: Path, path: Path) -> None:
        """A link, unlike a rename, never replaces a file that is there."""
        with _told(key, ABSENT):
            os.link(temporary, path)
        with _told(key):
            temporary.unlink()
            _sync(path.parent)

    @observation("read the object {key}")
    def _open(self, key: str) -> BinaryIO:
        """A pipe would be waited for, and a device has no end: what is no file is no object."""
        path = self._path(key)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "what lies there is not a file", str(path))

    def _files(self, prefix: str) -> Iterator[StoredObject]:
        for folder, _, names in os.walk(self._path(prefix)):
            for name in sorted(names):
                path = Path(folder) / name
                try:
                    found = path.stat()
                except OSError:  # a link to nowhere or to itself must not hide all the others
                    found = path.lstat()
                yield StoredObject(str(path.relative_to(self._root)), found.st_size, found.st_mtime)

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*keys.parts(key))

    def _make_folders(self, folder: Path) -> None:
        """Each new folder is synced into its parent, or a power cut could lose it with all it holds."""
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)

    def _remove_empty_folders(self, folder: Path) -> None:
        while folder != self._root and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent


@contextmanager
def _told(key: str, state: str = "") -> Iterator[None]:
    """`state` is what a disk's refusal leaves; only a writer that has published nothing can know it."""
    try:
        yield
    except FileExistsError as error:
        raise BackupError(
            f"the object {key} exists already, and no object is ever overwritten",
            state="What was stored before is unchanged.",
            fix="platformctl backup list",
            reference="objects/exists",
        ) from error
    except FileNotFoundError as error:
        raise BackupError(
            f"the object {key} is not there",
            cause=str(error),
            fix="platformctl backup verify --all",
            reference="objects/missing",
        ) from error
    except BrokenPipeError:
        raise  # of the program at the other end, whose exit code says more
    except OSError as error:
        raise BackupError(
            f"the object {key} could not be written or read",
            cause=str(error),
            state=state,
            fix="check the disk of the backups (df -h, ls -l), then run the same command again",
            reference="objects/disk",
        ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
