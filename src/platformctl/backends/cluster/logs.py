"""The log files of supervised programs: their last lines, and what is added to them."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformctl.events import LogLine

TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)")
POLL = 0.2  # seconds between two looks at the files


def last(path: Path, lines: int) -> list[str]:
    """The last `lines` lines; [] when the program never wrote."""
    try:
        with path.open(errors="replace") as text:
            return [line.rstrip("\n") for line in deque(text, maxlen=lines)]
    except FileNotFoundError:
        return []


def read(paths: Sequence[Path], lines: int) -> Iterator[LogLine]:
    """The last `lines` lines of each file, in the order of the times (UTC) that they tell."""
    told = [each for path in paths for each in _timed(path, lines)]
    for _, line in sorted(told, key=lambda each: each[0]):
        yield line


def _timed(path: Path, lines: int) -> Iterator[tuple[str, LogLine]]:
    """Each line with its time; one without a time, as of a traceback, belongs to the line before it."""
    time_told = ""
    for text in last(path, lines):
        found = TIME.search(text)
        time_told = " ".join(found.groups()) if found else time_told
        yield time_told, LogLine(path.stem, text)


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
