"""Any question that a verb asks fails, hangs or is its last: a seeded sample here, all in `make soak`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.faults.campaign import SEED
from tests.faults.runner import HOWS, How
from tests.faults.scenarios import ON_BACKUPS, SCENARIOS, backed_up
from tests.faults.trial import attempt, questions, ways
from tests.faults.world import World, made


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One process a service: half of what users have, and twice as fast to replace."""
    with made(replicas=1) as each:
        yield each


SAMPLE = {
    "health": 3,
    "backup create": 4,
    "backup prune": 4,
    "restore": 3,
    "restore --as": 4,
    "restore --undo": 2,
    "backup verify": 2,
    "backup drill": 1,
    "deploy": 2,
    "up": 2,
}


def chosen(verb: str, all_ways: list[tuple[int, How]]) -> list[tuple[int, How]]:
    """Each way to break is met as often as the others; where, is drawn."""
    draw = random.Random(f"{SEED} {verb}")
    turns = [HOWS[turn % len(HOWS)] for turn in range(SAMPLE[verb])]
    return [draw.choice([each for each in all_ways if each[1] == how]) for how in turns]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("verb", SAMPLE)
def test_a_verb_that_is_broken_keeps_its_promises(world: World, verb: str) -> None:
    scenario = SCENARIOS[verb]
    if scenario in ON_BACKUPS:
        backed_up(world)
    drawn = chosen(verb, ways(questions(world, scenario)))
    trials = [attempt(world, scenario, at, how) for at, how in drawn]
    assert [each for each in trials if each.problems] == []
    assert any(each.code != 0 for each in trials)  # else nothing was broken at all
