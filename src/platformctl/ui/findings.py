"""The findings of checks as lines: a mark, the check, its answer, and a fix where the answer is not yes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from platformctl.events import Finding
from platformctl.ui.paint import advice, mark, wrapped


def finding_lines(findings: Sequence[Finding], ids: Sequence[str] = ()) -> tuple[str, ...]:
    """`ids` are those of findings that stand above or below these, in the same columns."""
    width = max(map(len, (*ids, *(each.id for each in findings))), default=0)
    out: list[str] = []
    for each in findings:
        first = f"{mark(each.status, sys.stdout)} {each.id:<{width}}  "
        indent = " " * len(first)
        out += wrapped(each.message, first, indent)
        if each.status != "pass":
            out += [f"{indent}{line}" for line in each.evidence.splitlines()]
            out += advice(each.fix, f"{indent}fix: ", f"{indent}     ") if each.fix else ()
    return tuple(out)
