"""What users see is what was looked at: help, errors, rehearsals, results and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.snapshots import FOLDER, SHOWN, place

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "output.schema.json").read_text())


@pytest.mark.parametrize("name", SHOWN)
def test_users_see_what_was_looked_at(name: str) -> None:
    expected = (FOLDER / f"{name}.txt").read_text()
    wanted = "if this is wanted: python -m tests.cli.snapshots, then read the diff"
    with place() as home:
        assert SHOWN[name]() == expected, wanted
        left = {each.name for each in (home / "state").rglob("*") if each.is_file()}
    assert left <= {"lock.guard"}  # what a lock was once taken with, though nothing was done under it


@pytest.mark.parametrize("name", ["errors", "rehearsals", "results", "help"])
def test_what_users_see_fits_80_columns(name: str) -> None:
    """Commands to copy, paths, Typer's own words and places in a file keep their length."""
    text = (FOLDER / f"{name}.txt").read_text()
    long = [line for line in text.splitlines() if len(line) > 80]
    copied = ("next:", "fix:", "Error:", "platform.yaml:")
    assert [each for each in long if not each.lstrip().startswith(copied) and "$" not in each] == []


def test_no_error_is_told_without_a_next_command() -> None:
    told = (FOLDER / "errors.txt").read_text().split("$ platformctl ")[1:]
    failed = [each for each in told if "✗ " in each]
    assert len(failed) > 8
    assert [each for each in failed if "now: " not in each or "next: " not in each] == []


def test_no_verb_of_this_kind_ends_in_a_bug() -> None:
    for name in SHOWN:
        assert "[exit code 70]" not in (FOLDER / f"{name}.txt").read_text()


def test_every_json_answer_has_the_published_shape() -> None:
    lines = [line for line in (FOLDER / "json.txt").read_text().splitlines() if line.startswith("{")]
    assert len(lines) >= 10
    for line in lines:
        jsonschema.validate(json.loads(line), SCHEMA)
