"""The log files of supervised programs: their last lines, and what is added to them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformctl.events import LogLine

POLL = 0.2  # seconds between two looks at the files


def last(path: Path, lines: int) -> list[str]:
    """The last `lines` lines; [] when the program never wrote."""
    try:
        with path.open(errors="replace") as text:
            return [line.rstrip("\n") for line in deque(text, maxlen=lines)]
    except FileNotFoundError:
        return []


def read(paths: Sequence[Path], lines: int) -> Iterator[LogLine]:
    for path in paths:
        for line in last(path, lines):
            yield LogLine(path.stem, line)


def follow(paths: Sequence[Path]) -> Iterator[LogLine]:
    """Whole lines as they are added, for ever; a file that was rotated is read on from its new beginning."""
    read_to = {path: _size(path) for path in paths}
    while True:
        for path in paths:
            if _size(path) < read_to[path]:
                read_to[path] = 0
            for line in _added(path, read_to[path]):
                read_to[path] += len(line)
                yield LogLine(path.stem, line.decode(errors="replace").rstrip("\r\n"))
        time.sleep(POLL)


def _added(path: Path, offset: int) -> list[bytes]:
    if _size(path) <= offset:
        return []
    with path.open("rb") as file:
        file.seek(offset)
        return [line for line in file if line.endswith(b"\n")]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
