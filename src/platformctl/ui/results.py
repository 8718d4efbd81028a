"""Results as lines of text, by type: `@lines.register` adds a renderer, all others get the fallback."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any

from platformctl.ui.paint import wrapped
from platformctl.ui.rehearsed import Rehearsed
from platformctl.ui.table import table

Lines = tuple[str, ...]


def _bytes(count: int) -> str:
    from rich.filesize import decimal

    return decimal(count)


UNITS: Mapping[str, Callable[[Any], str]] = {
    "Bytes": _bytes,
    "BytesPerSecond": lambda rate: f"{_bytes(rate)}/s",
    "Seconds": lambda seconds: f"{seconds:.1f} s",
}


@singledispatch
def lines(value: object) -> Lines:
    """A dataclass as `name  value` lines, lists of dataclasses as tables below, next steps last."""
    if value is None:
        return ()
    if isinstance(value, tuple | list):
        return _rows(value) if _dataclasses(value) else tuple(text(each) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return tuple(text(value).splitlines())
    content = {each.name: getattr(value, each.name) for each in fields(value) if each.name != "next_steps"}
    empty = _empty_tables(value) or ([] if any(content.values()) else list(content))
    units = _units(value)
    pairs = {name: text(each, units[name]) for name, each in content.items() if not _dataclasses(each)}
    pairs |= dict.fromkeys(empty, "none")
    out = list(described({name: each for name, each in pairs.items() if each}))
    for name, each in content.items():
        if _dataclasses(each):
            out += ["", name.replace("_", " "), *(f"  {line}" for line in _rows(each))]
    return (*out, *next_steps(value))


@lines.register
def _(value: Rehearsed) -> Lines:
    if not value.changes:
        return (f"{value.verb} would change nothing in {value.environment}.",)
    return (f"{value.verb} would change in {value.environment}:", *(f"  {each}" for each in value.changes))


def described(pairs: Mapping[str, str]) -> Lines:
    """Labels in one column, their values in the next."""
    width = max((len(name) for name in pairs), default=0)
    out: list[str] = []
    for name, each in pairs.items():
        label = name.replace("_", " ")
        out += wrapped(each, f"{label:<{width}}  ", " " * (width + 2))
    return tuple(out)


def next_steps(value: object) -> Lines:
    """Commands to copy; never wrapped."""
    steps = getattr(value, "next_steps", ())
    return ("", "Next:", *(f"  {step}" for step in steps)) if steps else ()


def text(content: object, unit: str = "") -> str:
    """One value in few words; nothing for nothing."""
    if content is None:
        return ""
    if unit in UNITS and isinstance(content, int | float):
        return UNITS[unit](content)
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, float):
        return f"{content:g}"
    if isinstance(content, datetime):
        return content.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(content, Mapping):
        return ", ".join(f"{key} {text(each)}" for key, each in content.items())
    if isinstance(content, tuple | list):
        return ", ".join(text(each) for each in content)
    if is_dataclass(content) and not isinstance(content, type):
        pairs = ((each.name, text(getattr(content, each.name))) for each in fields(content))
        return ", ".join(f"{name.replace('_', ' ')} {each}" for name, each in pairs if each)
    return str(content)


def _empty_tables(value: Any) -> list[str]:
    """Fields that hold a tuple of dataclasses, and hold none: to say nothing of them would leave a doubt."""
    return [
        each.name
        for each in fields(value)
        if re.match(r"tuple\[[A-Z]", str(each.type)) and not getattr(value, each.name)
    ]


def _dataclasses(content: object) -> bool:
    return isinstance(content, tuple | list) and bool(content) and is_dataclass(content[0])


def _rows(rows: Sequence[Any]) -> Lines:
    units = _units(rows[0])
    return table(
        [name.replace("_", " ") for name in units],
        [[text(getattr(row, name), unit) for name, unit in units.items()] for row in rows],
    )


def _units(value: Any) -> dict[str, str]:
    """The type of each field as its class names it, which for a number is its unit (quantities.py)."""
    return {each.name: str(each.type).removesuffix(" | None") for each in fields(value)}
