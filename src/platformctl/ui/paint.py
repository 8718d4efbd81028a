"""Marks, colour and width of a line of text, and whether a stream may get them; words belong elsewhere."""

from __future__ import annotations

import os
import textwrap
from typing import TextIO

WIDTH = 80
MARKS = {"pass": ("✓", "ok"), "fail": ("✗", "NO"), "unknown": ("?", "??"), "note": ("!", "!")}
_COLOURS = {"✓ ": "32", "✗ ": "1;31", "? ": "33", "! ": "33"}


def colourful(stream: TextIO) -> bool:
    """A terminal that understands colour, and a user who has not asked for none (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def mark(kind: str, stream: TextIO) -> str:
    """The sign of a status, or a word where the stream's encoding has no such sign."""
    sign, word = MARKS[kind]
    try:
        sign.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return word
    return sign


def painted(line: str, stream: TextIO) -> str:
    """The line with its leading mark in colour, where the stream shows colour."""
    bare = line.lstrip(" ")
    code = _COLOURS.get(bare[:2])
    if code is None or not colourful(stream):
        return line
    indent = " " * (len(line) - len(bare))
    return f"{indent}\033[{code}m{bare[0]}\033[0m{bare[1:]}"


def advice(text: str, first: str, rest: str) -> tuple[str, ...]:
    """A command alone stays on one line, so that it can be copied; a sentence around one is wrapped."""
    alone = text.startswith("platformctl ") and not {",", ";"} & set(text)
    return (f"{first}{text}",) if alone else wrapped(text, first, rest)


def wrapped(text: str, first: str, rest: str) -> tuple[str, ...]:
    """`text` after `first`, its further lines after `rest`; words, paths and commands are never broken."""
    out: list[str] = []
    for paragraph in text.splitlines() or [""]:
        out += textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent=rest if out else first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [(rest if out else first).rstrip()]
    return tuple(out)
