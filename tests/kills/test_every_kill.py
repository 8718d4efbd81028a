"""Whatever is killed, and whenever: what is live is the old or the new, and the next run needs no help."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kills.campaign import KILLS, SEED, resumed
from tests.kills.trial import RANDOM, attempt, drawn, learn
from tests.kills.world import World, made


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Its server is its own: it is killed, too."""
    with made() as found:
        learn(found)
        yield found


def test_one_kill_of_each_kind_breaks_no_promise(world: World) -> None:
    found = [attempt(world, number, drawn(SEED, number)) for number in range(len(RANDOM))]
    assert [each for each in found if each.problems] == []
    assert any(each.hit for each in found)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_hundreds_of_kills_break_no_promise() -> None:
    assert [each for each in resumed(SEED, KILLS) if each.problems] == []
