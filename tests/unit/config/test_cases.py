"""Every file in cases/ is a test: its name says whether it is right, or what the error must say.

A comment in a wrong file says at which column of its line each problem stands; there may be no other problem.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from platformctl.config.load import load
from platformctl.errors import ConfigError, ExitCode

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
SECRET = "c4nary-v4lue"


def named(kind: str) -> list[object]:
    return [pytest.param(case, id=case.name[:70]) for case in CASES if case.name.split(".")[1] == kind]


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def marked(case: Path) -> set[tuple[int, int]]:
    found = set()
    for number, line in enumerate(case.read_text().splitlines(), start=1):
        if mark := re.search(r"# wrong at columns? ([\d ]+)$", line):
            found |= {(number, int(column)) for column in mark[1].split()}
    return found


@pytest.mark.parametrize("case", named("ok"))
def test_a_right_configuration_loads(case: Path) -> None:
    loaded = load(case, "local", {})
    assert loaded.origin == case.resolve()


@pytest.mark.parametrize("case", named("error"))
def test_a_wrong_configuration_is_told_with_its_place(case: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(case, "local", {})
    error = refused.value
    told = [error.message, *error.evidence]
    assert error.exit_code is ExitCode.CONFIG
    assert any(case.name.split(".")[2] in slug(each) for each in told), told
    places = [re.search(r"\.yaml:(\d+):(\d+): ", each) for each in error.evidence]
    assert {(int(place[1]), int(place[2])) for place in places if place} == marked(case), told
    assert all(SECRET not in each for each in told)


def test_the_cases_were_found() -> None:
    assert len(named("ok")) >= 5
    assert len(named("error")) >= 40
