"""What a task does to the files below a folder, in order: names that come and go, and what was synced."""

from __future__ import annotations

import os
import pickle
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.killing import in_a_child

Kind = Literal["make", "create", "link", "unlink", "rmdir", "rename", "sync file", "sync folder"]


@dataclass(frozen=True)
class Event:
    """`path` is relative to the folder, `source` where a link or a rename comes from.

    What is written is seen when it is synced: until then nobody may count on any byte of it.
    """

    kind: Kind
    path: str
    source: str = ""
    content: bytes = b""


class Recorder:
    def __init__(self, root: Path) -> None:
        self.events: list[Event] = []
        self._root = root
        self._fsync = os.fsync

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: it is called before the thing is done."""
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT:
            self._new("create", arguments[0])
        elif event == "os.mkdir":
            self._new("make", arguments[0])
        elif event in ("os.remove", "os.rmdir"):
            self._old("unlink" if event == "os.remove" else "rmdir", arguments[0])
        elif event in ("os.link", "os.rename"):
            self._moved("link" if event == "os.link" else "rename", arguments[0], arguments[1])

    def fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        path = self._inside(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path is None:
            return
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self.events.append(Event("sync folder", path))
        else:
            content = Path(self._root, path).read_bytes()
            self.events.append(Event("sync file", path, content=content))

    def _new(self, kind: Kind, path: object) -> None:
        if (inside := self._inside(path)) is not None and not os.path.lexists(str(path)):
            self.events.append(Event(kind, inside))

    def _old(self, kind: Kind, path: object) -> None:
        if (inside := self._inside(path)) is not None and os.path.lexists(str(path)):
            self.events.append(Event(kind, inside))

    def _moved(self, kind: Kind, source: object, path: object) -> None:
        if (inside := self._inside(path)) is not None and not os.path.lexists(str(path)):
            self.events.append(Event(kind, inside, self._inside(source) or ""))

    def _inside(self, path: object) -> str | None:
        if not isinstance(path, str | os.PathLike):
            return None
        place = Path(path)
        return str(place.relative_to(self._root)) if self._root in place.parents else None


def record(root: Path, task: Callable[[], object], answer: Path) -> list[Event]:
    """In a child, because what is heard there cannot be unheard; its record comes back through `answer`."""

    def traced() -> None:
        recorder = Recorder(root)
        os.fsync = recorder.fsync
        sys.addaudithook(recorder.hear)
        task()
        answer.write_bytes(pickle.dumps(recorder.events))

    assert in_a_child(traced) == 0
    return list(pickle.loads(answer.read_bytes()))
