"""No life of backups, however unlucky, breaks a promise of retention."""

from __future__ import annotations

import pytest

from tests.retention.campaign import LIVES, SEED, carry_out, resumed


def test_no_life_breaks_a_promise() -> None:
    found = carry_out(SEED, 0, 500)
    assert found.problems == ()
    assert found.deleted > found.lives
    assert found.clusters > found.lives


@pytest.mark.soak
@pytest.mark.timeout(2 * 3600)
def test_no_life_of_a_million_breaks_a_promise() -> None:
    assert [problem for each in resumed(SEED, LIVES) for problem in each.problems] == []
