"""Which backups are kept and why: a pure function of what was made, in which order, and the policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from platformctl.config.schema import Keep

ALWAYS = 2  # of the newest good ones, whatever the policy says


@dataclass(frozen=True, slots=True)
class Made:
    """`taken_at` in seconds since the epoch. One that is not `good` is damaged or suspect and never counts.

    `proven` is one that a restore or a drill has brought up.
    """

    id: str
    taken_at: float
    good: bool
    proven: bool = False


def reasons(history: Sequence[Made], keep: Keep) -> dict[str, str]:
    """Why each is kept, by id; one that is not named may be deleted. `history` begins with the newest.

    The order is that of making and not of `taken_at`, which a wrong clock may have set. Each of the newest
    days, weeks and months that have a good one keeps its newest.
    """
    good = [each for each in history if each.good]
    newest = max(ALWAYS, keep.last)
    why: dict[str, list[str]] = {each.id: ["newest"] for each in good[:newest]}
    for proven in [each for each in good if each.proven][:1]:
        why.setdefault(proven.id, []).append("newest proven")
    for name, count, span in (
        ("daily", keep.daily, _day),
        ("weekly", keep.weekly, _week),
        ("monthly", keep.monthly, _month),
    ):
        for each in _newest_of_each(good, span)[:count]:
            why.setdefault(each.id, []).append(name)
    for each in _beyond(good, why):
        why[each.id] = ["beyond the window"]
    for each in _not_replaced(history):
        why[each.id] = ["not good, and nothing newer takes its place yet"]
    return {name: ", ".join(each) for name, each in why.items()}


def _newest_of_each(good: Sequence[Made], span: Callable[[datetime], str]) -> list[Made]:
    found: dict[str, Made] = {}
    for each in good:
        found.setdefault(span(datetime.fromtimestamp(each.taken_at, UTC)), each)
    return list(found.values())


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _week(at: datetime) -> str:
    return f"{at:%G-W%V}"


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"


def _beyond(good: Sequence[Made], why: dict[str, list[str]]) -> Sequence[Made]:
    """The one before the oldest that is kept: a fault older than the window can still be undone."""
    oldest = max((number for number, each in enumerate(good) if each.id in why), default=-1)
    return good[oldest + 1 : oldest + 2]


def _not_replaced(history: Sequence[Made]) -> list[Made]:
    kept, newer = [], 0
    for each in history:
        newer += each.good
        if not each.good and newer < ALWAYS:
            kept.append(each)
    return kept
