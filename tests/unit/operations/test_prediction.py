"""A restore's time is predicted from past ones: by size what grows with it, as it was what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platformctl.operations.drill_record import Drilled, Result
from platformctl.operations.prediction import predict

MB = 1_000_000


def backup(plain: int, stored: int | None = None) -> Drilled:
    return Drilled(
        id="20260102T030405Z-abcdef",
        platform="shop",
        environment="local",
        system_id="77",
        data="a" * 64,
        database_size=2 * plain,
        plain_size=plain,
        stored_size=plain // 4 if stored is None else stored,
        rows=1,
    )


def past(plain: int, stored: int | None = None, **seconds: float) -> Result:
    return Result(
        format=1,
        kind="drill",
        backup=backup(plain, stored),
        at=0.0,
        made_with="0.1.0",
        release="",
        secluded=True,
        outcome="passed",
        why="",
        seconds=seconds,
        contract=None,
    )


def test_without_a_past_nothing_is_known() -> None:
    assert predict(backup(MB), []) is None
    assert predict(backup(MB), [past(MB, check=3.0)]) is None


def test_the_same_backup_takes_as_long_again() -> None:
    assert predict(backup(MB), [past(MB, check=1.0, load=5.0, prove=2.0, migrate=1.0, switch=0.5)]) == 9.5


def test_load_and_prove_grow_with_the_data_check_with_what_is_stored_and_the_rest_stays() -> None:
    once = past(100 * MB, 10 * MB, check=1.0, load=5.0, prove=2.0, migrate=1.0, switch=0.5, boot=50.0)
    assert predict(backup(200 * MB, 10 * MB), [once]) == 16.5
    assert predict(backup(100 * MB, 30 * MB), [once]) == 11.5


def test_two_sizes_tell_the_part_that_does_not_grow() -> None:
    seen = [past(10 * MB, load=2.0), past(100 * MB, load=11.0)]  # a second, and one for each ten megabytes
    assert predict(backup(400 * MB), seen) == pytest.approx(41.0)
    assert predict(backup(MB), seen) == pytest.approx(1.1)


def test_sizes_close_together_say_nothing_of_it() -> None:
    seen = [past(100 * MB, load=10.0), past(101 * MB, load=12.0)]
    assert predict(backup(50 * MB), seen) == pytest.approx(5.5, abs=0.1)


def test_a_bigger_one_that_was_faster_does_not_lead_below_zero() -> None:
    seen = [past(10 * MB, load=8.0), past(100 * MB, load=6.0)]
    assert predict(backup(4000 * MB), seen) == pytest.approx(8.0, abs=0.1)


def test_the_switch_is_known_from_restores_alone() -> None:
    seen = [past(MB, load=1.0, migrate=1.0), past(MB, load=1.0, migrate=3.0, switch=0.4)]
    assert predict(backup(MB), seen) == pytest.approx(3.4)


SIZE, SECONDS = st.integers(0, 10**12), st.floats(0.001, 10**5)


@given(SIZE, st.lists(st.tuples(SIZE, SIZE, SECONDS, SECONDS, SECONDS), min_size=1, max_size=10))
def test_it_is_never_below_zero_whatever_the_past_was(
    size: int, seen: list[tuple[int, int, float, float, float]]
) -> None:
    results = [past(plain, stored, load=a, check=b, prove=c) for plain, stored, a, b, c in seen]
    predicted = predict(backup(size), results)
    assert predicted is not None
    assert predicted >= 0
