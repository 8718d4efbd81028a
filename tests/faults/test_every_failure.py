"""Every question of every verb breaks in every way, on a platform as users have it; only in `make soak`."""

from __future__ import annotations

import pytest

from tests.faults.campaign import Extent, carry_out
from tests.faults.scenarios import SCENARIOS
from tests.faults.world import made


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("verb", SCENARIOS)
def test_a_verb_that_is_broken_at_every_question_keeps_its_promises(verb: str) -> None:
    with made() as world:
        found = carry_out(world, SCENARIOS[verb], Extent())
    assert [each for each in found.trials if each.problems] == []
