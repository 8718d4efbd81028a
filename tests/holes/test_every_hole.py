"""Each hole is where its author thought it was, its tests exist, and in `make soak` they find it."""

from __future__ import annotations

import re

import pytest

from tests.holes.campaign import carry_out
from tests.holes.hole import FOLDER, Hole
from tests.holes.holes import HOLES
from tests.holes.mutant import SERVICES
from tests.records import ROOT

EVERY = pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)


@EVERY
def test_a_hole_is_one_line_that_stands_once_in_its_file(hole: Hole) -> None:
    text = (SERVICES / hole.file).read_text()
    assert text.count(hole.old) == 1
    cut = hole.cut(text)
    assert cut != text
    assert abs(len(cut.splitlines()) - len(text.splitlines())) <= 1
    compile(cut, hole.file, "exec")


@EVERY
def test_the_tests_of_a_hole_exist(hole: Hole) -> None:
    assert hole.tests
    for test in hole.tests:
        file, _, name = test.partition("::")
        function = re.escape(name.partition("[")[0])
        assert re.search(rf"^(async )?def {function}\(", (ROOT / FOLDER / file).read_text(), re.MULTILINE), (
            test
        )


def test_each_hole_is_another_one() -> None:
    assert len({each.name for each in HOLES}) == len({(each.file, each.old, each.new) for each in HOLES})
    assert len({each.name for each in HOLES}) == len(HOLES) >= 45


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_every_hole_is_found_by_a_test() -> None:
    assert [each.hole for each in carry_out(HOLES) if each.killed_by is None] == []
