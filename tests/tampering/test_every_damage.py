"""A backup that was tampered with is refused before the first write, or not the one that is restored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from platformctl.backends.database.embedded import EmbeddedDatabase
from tests.database import server  # noqa: F401
from tests.tampering.campaign import SEED, TRIALS, carry_out, resumed
from tests.tampering.stage import Stage, stage
from tests.tampering.trial import METHODS, method_of

SOME = 8  # trials of each method


@pytest.fixture(scope="module")
def tampered(
    server: EmbeddedDatabase,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    found = stage(server, tmp_path_factory.mktemp("tampered"))
    yield found
    database = found.context().backends.database
    for each in database.databases():
        if each.name.startswith(database.name):
            database.drop(each.name)


def test_no_damage_leads_to_a_wrong_restore(tampered: Stage) -> None:
    found = [*carry_out(tampered, SEED, range(SOME * len(METHODS)))]
    assert [each for each in found if each.problems] == []
    assert {each.outcome for each in found} == {"refused", "accepted", "restored"}


def test_every_method_has_its_turn() -> None:
    assert {method_of(number) for number in range(len(METHODS))} == set(METHODS)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_no_damage_of_thousands_leads_to_a_wrong_restore() -> None:
    assert [each for each in resumed(SEED, TRIALS) if each.problems] == []
