"""Results as lines of text, by type: `@lines.register` adds a renderer, all others get the fallback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import singledispatch

from platformctl.events import Finding
from platformctl.ui.rehearsed import Rehearsed

Lines = tuple[str, ...]


@singledispatch
def lines(value: object) -> Lines:
    """Any frozen dataclass as `name  value` lines, lists of dataclasses as tables, next steps last."""
    if value is None:
        return ()
    if not is_dataclass(value) or isinstance(value, type):
        return (str(value),)
    shown = {each.name: getattr(value, each.name) for each in fields(value) if each.name != "next_steps"}
    width = max((len(name) for name in shown), default=0)
    out: list[str] = []
    for name, content in shown.items():
        label = name.replace("_", " ")
        if (
            isinstance(content, Sequence)
            and not isinstance(content, str)
            and content
            and is_dataclass(content[0])
        ):
            out += [label, *(f"  {line}" for line in table(content))]
        elif content not in (None, (), [], {}, ""):
            out.append(f"{label:<{width}}  {text(content)}")
    return (*out, *next_steps(value))


@lines.register
def _(value: str) -> Lines:
    return tuple(value.splitlines())


@lines.register
def _(value: Rehearsed) -> Lines:
    if not value.changes:
        return (f"{value.verb} would change nothing in {value.environment}.",)
    return (f"{value.verb} would change in {value.environment}:", *(f"  {each}" for each in value.changes))


def next_steps(value: object) -> Lines:
    steps = getattr(value, "next_steps", ())
    return ("", "Next:", *(f"  {step}" for step in steps)) if steps else ()


def table(rows: Sequence[object]) -> Lines:
    """Dataclasses of one type, one a line, under the names of their fields."""
    names = [each.name for each in fields(rows[0])]  # type: ignore[arg-type]
    cells = [[text(getattr(row, name)) for name in names] for row in rows]
    kept = [column for column, _ in enumerate(names) if any(row[column] for row in cells)]
    grid = [[names[column].replace("_", " ").upper() for column in kept]]
    grid += [[row[column] for column in kept] for row in cells]
    widths = [max(len(row[index]) for row in grid) for index in range(len(kept))]
    return tuple(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in grid
    )


def text(content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, float):
        return f"{content:g}"
    if isinstance(content, datetime):
        return content.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(content, Mapping):
        return ", ".join(f"{key} {text(each)}" for key, each in content.items())
    if isinstance(content, Sequence) and not isinstance(content, str):
        return ", ".join(text(each) for each in content)
    return str(content)


def finding_lines(finding: Finding) -> Lines:
    out = [f"{finding.status:<7} {finding.id}  {finding.message}"]
    if finding.status != "pass":
        out += [
            f"        {each}"
            for each in (finding.evidence, f"fix: {finding.fix}" if finding.fix else "")
            if each
        ]
    return tuple(out)
