from __future__ import annotations

import pytest

from platformctl.backends.point_in_time.protocol import Base, Reach
from platformctl.backends.point_in_time.segments import gap
from platformctl.operations.point_in_time import window

LOG = "0000000100000000000000"


@pytest.mark.parametrize(
    ("newest", "found", "last", "missing"),
    [
        ("", (), None, ()),
        ("02", ("02",), None, ()),  # older than what is needed
        ("04", ("03", "04"), "04", ()),
        ("06", ("03", "06"), "03", ("04", "05")),
        ("04", ("04",), None, ("03",)),
        ("05", (), None, ("03", "04", "05")),
    ],
)
def test_a_hole_in_the_row_is_found(
    newest: str, found: tuple[str, ...], last: str | None, missing: tuple[str, ...]
) -> None:
    answer = gap(f"{LOG}03", newest and LOG + newest, [LOG + each for each in found])
    assert answer == (last and LOG + last, tuple(LOG + each for each in missing))


def test_a_log_is_followed_by_the_next() -> None:
    names = ["0000000100000000000000FF", "000000010000000100000000", "000000010000000100000001"]
    assert gap(names[0], names[2], names) == (names[2], ())
    assert gap(names[0], names[2], names[::2]) == (names[0], (names[1],))


def test_the_window_is_shown_in_seconds_that_can_be_asked_for() -> None:
    def reach(begins: float, until: float) -> Reach:
        return Reach(Base("", begins, 1, ""), until)

    assert window([reach(0.2, 9.9), reach(5.5, 20.5)]) == "from 1970-01-01T00:00:01Z to 1970-01-01T00:00:20Z"
    apart = window([reach(1, 2), reach(5, 6)])
    assert apart.count("from") == 2
    assert " or from 1970-01-01T00:00:05Z" in apart
