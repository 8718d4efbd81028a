"""A copy that differs from its backup in one thing is told apart, whatever the thing; a whole one passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.errors import StepError
from platformctl.operations import restore_copy
from tests.copies.mutants import MUTANTS, ONCE_MISSED, SOME, Mutant
from tests.copies.original import Original, made
from tests.database import server  # noqa: F401


@pytest.fixture(scope="module")
def original(
    server: EmbeddedDatabase,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Original]:
    with made(server, tmp_path_factory.mktemp("original")) as found:
        yield found


def test_a_whole_copy_is_no_mutant(original: Original) -> None:
    with original.copy() as copy:
        assert original.differences(copy) == ()


def missed(original: Original, mutants: Sequence[Mutant]) -> list[str]:
    found = []
    for mutant in mutants:
        with original.copy(mutant) as copy:
            if not original.differences(copy):
                found.append(mutant.name)
    return found


def test_no_mutant_of_a_third_passes_for_a_whole_copy(original: Original) -> None:
    assert missed(original, SOME) == []


@pytest.mark.soak
def test_no_mutant_passes_for_a_whole_copy(original: Original) -> None:
    assert missed(original, MUTANTS) == []


def test_the_mutants_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len({each.name for each in MUTANTS}) == len(MUTANTS) > 100
    assert {each.name for each in MUTANTS} > ONCE_MISSED
    assert len(SOME) > 40


@pytest.mark.parametrize("name", ["one value changed", "an index of other rows", "everybody may connect"])
def test_a_restore_ends_at_its_proof_when_the_copy_is_a_mutant(original: Original, name: str) -> None:
    mutant = next(each for each in MUTANTS if each.name == name)
    with original.copy(mutant) as copy, pytest.raises(StepError) as raised:
        restore_copy.prove(original.ctx, replace(original.plan, copy=copy))
    assert raised.value.reference == "restore/unproven"


def test_a_restore_goes_on_with_a_whole_copy(original: Original) -> None:
    with original.copy() as copy:
        restore_copy.prove(original.ctx, replace(original.plan, copy=copy))
