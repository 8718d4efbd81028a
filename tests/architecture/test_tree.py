"""What no file of the repository may contain: promises instead of work, and names of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = re.compile(
    "|".join((r"\bTO" + "DO\\b", r"\bFIX" + "ME\\b", r"\bX" + "XX\\b", "NotImplemented" + "Error"))
)
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|Users)/")
BINARY = {".png", ".gz", ".zst", ".age", ".ico"}


def texts() -> list[tuple[str, str]]:
    """Tracked and new files alike; what .gitignore leaves out is not looked at."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    files = [ROOT / each for each in listing if Path(each).suffix not in BINARY]
    return [(str(each.relative_to(ROOT)), each.read_text()) for each in files if each.is_file()]


@pytest.fixture(scope="module")
def tree() -> list[tuple[str, str]]:
    if not (ROOT / ".git").exists():
        pytest.skip("a source archive has no list of its files")
    return texts()


def found(pattern: re.Pattern[str], tree: list[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in tree
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later(tree: list[tuple[str, str]]) -> None:
    assert found(PROMISES, tree) == []


def test_no_file_names_a_path_of_one_machine(tree: list[tuple[str, str]]) -> None:
    assert found(MACHINE, tree) == []


@pytest.mark.parametrize("text", ["# TO" + "DO: later", "raise NotImplemented" + "Error"])
def test_a_promise_is_found(text: str) -> None:
    assert found(PROMISES, [("x", text)])


@pytest.mark.parametrize(("text", "bad"), [("see /ro" + "ot/x", True), ("see ~/x and work/home", False)])
def test_a_machine_path_is_found(text: str, bad: bool) -> None:
    assert bool(found(MACHINE, [("x", text)])) == bad
