"""Each of the fifty failure modes has a test, a reference that the code knows, and a message on file."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN = ROOT / "tests/cli/snapshots/failures"
NONE = "\u2013"
QUIET = ("not covered: ", "nothing is told", "nobody is left to be told", "no command runs")


@dataclass(frozen=True)
class Mode:
    number: int
    happens: str
    done: str
    reference: str
    test: str

    def __str__(self) -> str:
        return str(self.number)


def modes() -> list[Mode]:
    lines = (ROOT / "docs/failures.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if re.match(r"\| \d+ \|", line)]
    return [Mode(int(row[0]), row[1], row[2], *(each.strip("`") for each in row[3:])) for row in rows]


MODES = modes()
SOURCE = "\n".join(each.read_text() for each in (ROOT / "src/platformctl").rglob("*.py"))


def test_all_fifty_are_there_once() -> None:
    assert [each.number for each in MODES] == list(range(1, 51))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_its_test_exists(mode: Mode) -> None:
    if mode.test == NONE:
        assert mode.done.startswith("not covered: ")
        return
    file, _, name = mode.test.partition("::")
    body = ast.parse((ROOT / file).read_text()).body
    assert name in [each.name for each in body if isinstance(each, ast.FunctionDef)]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_its_reference_is_known_to_the_code_and_its_message_is_on_file(mode: Mode) -> None:
    """Doctor makes the references of its findings from their names, with a dot."""
    files = [*SHOWN.glob(f"{mode.number:02}.txt"), *SHOWN.glob(f"{mode.number:02}-*.txt")]
    if mode.reference == NONE:
        assert bool(files) != any(each in mode.done for each in QUIET)
        return
    assert any(f'"{each}"' in SOURCE for each in (mode.reference, mode.reference.replace("/", ".")))
    named = [each for each in files if each.stem == f"{mode.number:02}-{mode.reference.replace('/', '.')}"]
    assert named or [each for each in files if each.stem == f"{mode.number:02}"]


def test_every_message_on_file_belongs_to_a_mode() -> None:
    assert {int(each.name[:2]) for each in SHOWN.iterdir()} <= {each.number for each in MODES}


@pytest.mark.parametrize("file", sorted(SHOWN.glob("??-*.txt")), ids=lambda file: file.stem)
def test_a_failure_says_the_state_and_one_next_command(file: Path) -> None:
    text = file.read_text()
    assert [text.count(f"\n  {label}:") for label in ("now", "ref", "next")] == [1, 1, 1]
