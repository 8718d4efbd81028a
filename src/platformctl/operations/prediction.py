"""How long a restore will take, from what drills and restores took: a pure function of sizes and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from platformctl.operations.drill_record import Drilled, Result

BY_PLAIN_SIZE = ("load", "prove")
BY_STORED_SIZE = ("check",)
FIXED = ("migrate", "switch")  # they take as long whatever the size is
APART = 1.5  # as many times one size must be another for the two to tell the part that does not grow

Point = tuple[float, float]


def predict(backup: Drilled, past: Sequence[Result]) -> float | None:
    """Seconds, from check to switch; None without a past that has a load in it.

    A drill has no switch, so until the first restore that part, a second at most, is missing.
    """
    if not any("load" in each.seconds for each in past):
        return None
    growing = [(name, "plain_size") for name in BY_PLAIN_SIZE] + [
        (name, "stored_size") for name in BY_STORED_SIZE
    ]
    total = sum(_at(getattr(backup, size), _points(name, size, past)) for name, size in growing)
    for name in FIXED:
        taken = [each.seconds[name] for each in past if name in each.seconds]
        total += fmean(taken) if taken else 0.0
    return round(total, 1)


def _points(section: str, size: str, past: Sequence[Result]) -> list[Point]:
    return [
        (max(1.0, getattr(each.backup, size)), each.seconds[section])
        for each in past
        if section in each.seconds
    ]


def _at(size: float, points: Sequence[Point]) -> float:
    """What the line through `points` says: of least relative errors, and neither end of it below zero."""
    if not points:
        return 0.0
    weights = [1 / x**2 for x, _ in points]
    whole = sum(weights)
    x_mean = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / whole
    y_mean = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / whole
    if max(points)[0] < APART * min(points)[0]:
        return y_mean * size / x_mean
    spread = sum(w * (x - x_mean) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    slope = sum(w * (x - x_mean) * (y - y_mean) for w, (x, y) in zip(weights, points, strict=True)) / spread
    if slope <= 0:
        return y_mean
    if y_mean < slope * x_mean:  # nothing would take less than no time
        return size * sum(w * x * y for w, (x, y) in zip(weights, points, strict=True)) / len(points)
    return y_mean + slope * (size - x_mean)
