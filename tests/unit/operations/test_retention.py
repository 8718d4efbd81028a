"""What retention promises, for every history that can be drawn: failures, wrong clocks, any policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from platformctl.config.schema import Keep
from platformctl.operations.retention import ALWAYS, Made, reasons
from tests.retention.promises import after, check, good

DAY = 86400.0
TEN_YEARS = 3650 * DAY
START = 1_800_000_000.0

policies = st.builds(
    Keep, last=st.integers(2, 6), daily=st.integers(0, 9), weekly=st.integers(0, 6), monthly=st.integers(0, 9)
)
# Steps between two backups: seconds, days, months, and what a wrong clock does.
steps = st.one_of(
    st.floats(0, 3600), st.floats(0, 3 * DAY), st.floats(0, 90 * DAY), st.floats(-TEN_YEARS, TEN_YEARS)
)
facts = st.tuples(steps, st.sampled_from((True, True, True, False)), st.booleans())


@st.composite
def histories(draw: st.DrawFn) -> list[Made]:
    """The newest first; of some the clock was right, others were made while it was wrong."""
    at, made = START, []
    for number, (step, whole, proven) in enumerate(draw(st.lists(facts, max_size=40))):
        shown = at + step
        if step >= 0:
            at = min(shown, START + TEN_YEARS)
        made.append(Made(f"b{number}", shown, whole, proven and whole))
    return made[::-1]


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), policies)
def test_no_history_breaks_a_promise(history: list[Made], keep: Keep) -> None:
    check(history, keep)


few = st.builds(
    Keep, last=st.just(2), daily=st.integers(0, 2), weekly=st.integers(0, 1), monthly=st.integers(0, 1)
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(histories(), few)
def test_there_is_one_beyond_the_window_as_soon_as_there_may_be(history: list[Made], keep: Keep) -> None:
    why = reasons(history, keep)
    known = good(history)
    window = [n for n, each in enumerate(known) if each.id in why and why[each.id] != "beyond the window"]
    assume(window and window[-1] + 1 < len(known))
    assert why[known[window[-1] + 1].id] == "beyond the window"


@settings(max_examples=300, deadline=None)
@given(histories(), policies)
def test_a_bad_one_stays_until_two_newer_good_ones_are_there(history: list[Made], keep: Keep) -> None:
    why = reasons(history, keep)
    for number, each in enumerate(history):
        if not each.good:
            assert (each.id in why) == (len(good(history[:number])) < ALWAYS)


def test_a_year_of_nightly_backups_under_the_default_policy() -> None:
    began = datetime(2026, 1, 1, 2, tzinfo=UTC)
    history: list[Made] = []
    for night in range(365):
        at = began + timedelta(days=night)
        history = after([Made(f"{at:%m-%d}", at.timestamp(), good=True), *history], Keep())
    assert [each.id for each in history] == [
        *("12-31", "12-30", "12-29", "12-28", "12-27", "12-26", "12-25"),  # each night of a week
        *("12-20", "12-13"),  # Sundays
        *("11-30", "10-31", "09-30", "08-31", "07-31"),  # the ends of months
        "06-30",  # beyond
    ]


def test_without_good_backups_nothing_is_deleted() -> None:
    history = [Made(f"b{number}", START, good=False) for number in range(5)]
    assert set(reasons(history, Keep())) == {each.id for each in history}


def test_a_backup_from_the_future_does_not_push_out_the_newest() -> None:
    wrong = Made("wrong clock", START + TEN_YEARS, good=True)
    newer = [Made(f"b{number}", START - number, good=True) for number in range(3)]
    kept = reasons([*newer, wrong], Keep(daily=0, weekly=0, monthly=0))
    assert {"b0", "b1"} <= set(kept)
