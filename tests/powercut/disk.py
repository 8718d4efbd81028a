"""What a disk may hold after a power cut: all that was synced, and of the rest whatever it likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random

from tests.powercut.trace import Event

Tree = dict[str, bytes | None]  # a folder has None


def read(root: Path) -> Tree:
    return {
        str(each.relative_to(root)): each.read_bytes() if each.is_file() else None for each in root.rglob("*")
    }


def write(tree: Tree, root: Path) -> None:
    root.mkdir()
    for path in sorted(tree):
        content = tree[path]
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)


@dataclass
class Inode:
    """`whole` is what it held when it was synced in the end; `synced` whether that came before the cut."""

    whole: bytes = b""
    synced: bool = False


@dataclass
class Disk:
    """The events until a cut, on a tree that was there before. `pending` are names that were not synced."""

    names: dict[str, Inode | None]
    pending: list[Event] = field(default_factory=list)
    done: list[tuple[Event, Inode | None]] = field(default_factory=list)

    def states(self, draw: Random, some: int) -> Iterator[Tree]:
        """All of what is pending, nothing, each alone, all but each, and `some` drawn; files cut likewise."""
        every = range(len(self.pending))
        choices = [set(every), set(), *({each} for each in every), *(set(every) - {each} for each in every)]
        choices += [{each for each in every if draw.random() < 0.5} for _ in range(some)]
        for kept in choices:
            for cut in (_all, _none, lambda raw: raw[: draw.randrange(len(raw) + 1)]):
                yield self._tree({id(self.pending[each]) for each in kept}, cut)

    def _tree(self, kept: set[int], cut: Callable[[bytes], bytes]) -> Tree:
        lost = {id(each) for each in self.pending} - kept
        names = dict(self.names)
        for event, inode in self.done:
            if id(event) not in lost:
                _apply(names, event, inode)
        return {path: _content(inode, cut) for path, inode in names.items() if _reachable(path, names)}


def at(events: Sequence[Event], number: int, before: Tree) -> Disk:
    """The disk when the power was cut before event `number`."""
    names = {path: None if raw is None else Inode(raw, True) for path, raw in before.items()}
    disk, now = Disk(dict(names)), dict(names)
    for event in events[:number]:
        if event.kind == "sync folder":
            disk.pending = [each for each in disk.pending if _parent(each.path) != event.path]
            continue
        if event.kind == "sync file":
            inode = now[event.path]
            assert inode is not None
            inode.synced = True
            continue
        inode = _inode(event, now, events)
        _apply(now, event, inode)
        disk.done.append((event, inode))
        disk.pending.append(event)
    return disk


def _inode(event: Event, now: dict[str, Inode | None], events: Sequence[Event]) -> Inode | None:
    if event.kind == "create":
        later = (each.content for each in events if (each.kind, each.path) == ("sync file", event.path))
        return Inode(next(later, b"never synced"))
    return now[event.source] if event.kind in ("link", "rename") else None


def _apply(names: dict[str, Inode | None], event: Event, inode: Inode | None) -> None:
    """A folder that still holds something is not removed, whatever its removal has come to."""
    if event.kind in ("unlink", "rmdir"):
        if event.kind == "unlink" or not any(_parent(each) == event.path for each in names):
            names.pop(event.path, None)
        return
    names[event.path] = inode
    if event.kind == "rename":
        names.pop(event.source, None)


def _reachable(path: str, names: dict[str, Inode | None]) -> bool:
    return all(str(each) in names for each in PurePosixPath(path).parents if str(each) != ".")


def _parent(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _content(inode: Inode | None, cut: Callable[[bytes], bytes]) -> bytes | None:
    if inode is None:
        return None
    return inode.whole if inode.synced else cut(inode.whole)


def _all(raw: bytes) -> bytes:
    return raw


def _none(_raw: bytes) -> bytes:
    return b""
