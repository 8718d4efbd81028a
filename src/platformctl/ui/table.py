"""Rows of text in columns under headings, at most 80 wide; knows nothing of what the cells mean."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from platformctl.ui.paint import WIDTH, wrapped

GAP = "  "
NARROWEST = 16


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Columns that are empty in every row are left out; the last one folds when the rest leaves it room.

    Columns for which there is no room at all stand below their row, each cell after its heading.
    """
    kept = [column for column in range(len(headings)) if any(row[column] for row in rows)]
    if not kept:
        return ()
    names = [headings[column] for column in kept]
    grid = [[name.upper() for name in names], *([row[column] for column in kept] for row in rows)]
    widths = [max(len(row[index]) for row in grid) for index in range(len(kept))]
    beside = _beside(widths)
    out = list(_line(grid[0], widths[:beside]))
    for row in grid[1:]:
        out += _line(row, widths[:beside])
        below = [f"{name} {cell}" for name, cell in zip(names[beside:], row[beside:], strict=True) if cell]
        out += wrapped(", ".join(below), GAP, GAP) if below else ()
    return tuple(out)


def _beside(widths: Sequence[int]) -> int:
    """How many columns stand beside each other: all, where folding the last is enough."""
    if _indent(widths[:-1]) + min(NARROWEST, widths[-1]) <= WIDTH:
        return len(widths)
    fitting = [n for n in range(1, len(widths)) if _indent(widths[:n]) - len(GAP) <= WIDTH]
    return max(fitting, default=1)


def _indent(widths: Sequence[int]) -> int:
    """Where a column begins that stands behind those of these widths."""
    return sum(widths) + len(GAP) * len(widths)


def _line(row: Sequence[str], widths: Sequence[int]) -> tuple[str, ...]:
    last = len(widths) - 1
    indent = _indent(widths[:last])
    folded = textwrap.wrap(
        row[last], max(NARROWEST, WIDTH - indent), break_long_words=False, break_on_hyphens=False
    ) or [""]
    cells = [f"{cell:<{width}}" for cell, width in zip(row[:last], widths[:last], strict=True)]
    return (GAP.join([*cells, folded[0]]).rstrip(), *(" " * indent + rest for rest in folded[1:]))
