"""Rows of text in columns under headings, at most 80 wide; knows nothing of what the cells mean."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from platformctl.ui.paint import WIDTH

GAP = "  "
NARROWEST = 16


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Columns that are empty in every row are left out; when the rest is too wide, the last column folds."""
    kept = [column for column in range(len(headings)) if any(row[column] for row in rows)]
    if not kept:
        return ()
    grid = [
        [headings[column].upper() for column in kept],
        *([row[column] for column in kept] for row in rows),
    ]
    widths = [max(len(row[index]) for row in grid) for index in range(len(kept))]
    indent = sum(widths[:-1]) + len(GAP) * (len(kept) - 1)
    room = max(NARROWEST, WIDTH - indent)
    out: list[str] = []
    for row in grid:
        folded = textwrap.wrap(row[-1], room, break_long_words=False, break_on_hyphens=False) or [""]
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)][:-1]
        out.append(GAP.join([*cells, folded[0]]).rstrip())
        out += [" " * indent + rest for rest in folded[1:]]
    return tuple(out)
