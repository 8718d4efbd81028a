"""The names of the write-ahead log's segments: which follow each other, and where one is missing."""

from __future__ import annotations

import re
from collections.abc import Collection

SEGMENT = re.compile(r"[0-9A-F]{24}")  # timeline, log and segment, 8 digits each
IN_LOG = 256  # segments of 16 MiB


def gap(first: str, newest: str, found: Collection[str]) -> tuple[str | None, tuple[str, ...]]:
    """The last of the `found` in an unbroken row from `first` on, and what is missing up to `newest`.

    `newest` is '' when no segment was ever archived.
    """
    numbers = range(_number(first), _number(newest) + 1) if newest else ()
    row = [_name(first[:8], number) for number in numbers]
    missing = tuple(name for name in row if name not in found)
    unbroken = row[: row.index(missing[0])] if missing else row
    return (unbroken[-1] if unbroken else None), missing


def before(name: str) -> str:
    """The segment that `name` follows."""
    return _name(name[:8], _number(name) - 1)


def _number(name: str) -> int:
    return int(name[8:16], 16) * IN_LOG + int(name[16:], 16)


def _name(timeline: str, number: int) -> str:
    return f"{timeline}{number // IN_LOG:08X}{number % IN_LOG:08X}"
