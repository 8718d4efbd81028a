"""What retention promises of any history and policy, checked without its own means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from platformctl.config.schema import Keep
from platformctl.operations.retention import ALWAYS, Made, reasons

SPANS = {"daily": "%Y-%m-%d", "weekly": "%G-%V", "monthly": "%Y-%m"}


def good(history: Sequence[Made]) -> list[Made]:
    return [each for each in history if each.good]


def after(history: Sequence[Made], keep: Keep) -> list[Made]:
    why = reasons(history, keep)
    return [each for each in history if each.id in why]


def check(history: Sequence[Made], keep: Keep) -> None:
    why = reasons(history, keep)
    assert set(why) <= {each.id for each in history}
    assert all(why.values())
    check_newest(history, set(why), keep)
    kept_good = [each for each in good(history) if each.id in why]
    for name, form in SPANS.items():
        spans = list(dict.fromkeys(_span(each, form) for each in good(history)))
        there = {_span(each, form) for each in kept_good}
        assert set(spans[: getattr(keep, name)]) <= there, name
    most = max(ALWAYS, keep.last) + keep.daily + keep.weekly + keep.monthly + 2
    assert len(kept_good) <= most, "what is kept is bounded"
    # whatever was damaged or suspect changes nothing for the others
    assert {each.id for each in kept_good} == set(reasons(good(history), keep)), "bad ones count"
    assert after(after(history, keep), keep) == after(history, keep), "a second run has something to do"


def check_newest(history: Sequence[Made], kept: set[str], keep: Keep) -> None:
    """The promise of what a restore would take, whichever run deletes."""
    newest = good(history)[: max(2, keep.last)]
    assert {each.id for each in newest} <= kept, "one of the newest is gone"
    proven = [each.id for each in history if each.proven]
    assert not proven or proven[0] in kept, "the newest proven is gone"


def _span(made: Made, form: str) -> str:
    return f"{datetime.fromtimestamp(made.taken_at, UTC):{form}}"
