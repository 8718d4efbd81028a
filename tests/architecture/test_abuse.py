"""docs/abuse.md names tests and rows of verify that there are, and every row that verify has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from platformctl.operations.abuse.table import ABUSE

ROOT = Path(__file__).parents[2]
BELOW = "tests/services/"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "abuse.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| abuse |")
]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def collected(files: set[str]) -> set[str]:
    """Every test of these files, as pytest names it."""
    program = [sys.executable, "-m", "pytest", "-p", "no:xdist", "--collect-only", "-q"]
    options = ["-o", "addopts=--import-mode=importlib", "-m", "not soak", *sorted(files)]
    done = subprocess.run([*program, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return set(done.stdout.splitlines())


def unknown(tests: set[str], known: set[str]) -> set[str]:
    """A test without brackets stands for all of its cases."""
    return tests - known - {each.partition("[")[0] for each in known}


def test_every_test_of_the_table_can_be_collected(request: pytest.FixtureRequest) -> None:
    tests = {BELOW + name for row in ROWS for cell in row[2:4] for name in named(cell)}
    assert len(tests) > 80
    missing = unknown(tests, {each.nodeid for each in request.session.items})
    if missing:  # this run has not collected them itself
        missing = unknown(missing, collected({each.partition("::")[0] for each in missing}))
    assert missing == set()


def test_a_test_that_is_not_there_would_be_missed() -> None:
    known = {"a.py::test_x[1]", "a.py::test_x[2]"}
    assert unknown({"a.py::test_x", "a.py::test_x[2]"}, known) == set()
    named_wrongly = {"a.py::test_y", "a.py::test_x[3]", "b.py::test_x"}
    assert unknown(named_wrongly, known) == named_wrongly


def test_the_table_names_the_rows_of_verify() -> None:
    rows = {name for row in ROWS for name in named(row[4])}
    assert rows - set(ABUSE) == set()
    assert set(ABUSE) - rows == {
        "token: expired",
        "token: made as the forged ones, but right",
        "JSON: broken",
    }


def test_each_abuse_is_tried_or_says_why_not() -> None:
    for abuse, answer, *cells in ROWS:
        assert abuse, answer
        for cell in cells:
            assert named(cell) or cell.startswith("- "), abuse
