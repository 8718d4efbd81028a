"""A visitor stays below the limits, and slows down when told to."""

from __future__ import annotations

from platformctl.backends.web.pace import Pace


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced(rate: float, burst: float) -> tuple[Pace, Time]:
    time = Time()
    return Pace(rate, burst, clock=lambda: time.now, sleep=time.sleep), time


def test_a_burst_goes_out_at_once_and_the_rest_at_the_rate() -> None:
    pace, time = paced(10, 5)
    for _ in range(5):
        pace.take()
    assert time.now == 0
    for _ in range(10):
        pace.take()
    assert abs(time.now - 1.0) < 0.001


def test_an_answer_that_says_when_to_come_again_is_honoured_and_slows_the_rest() -> None:
    pace, time = paced(10, 5)
    pace.take()
    pace.refused("2")
    assert time.now == 2
    pace.take()
    pace.take()
    assert time.now > 2.1


def test_nobody_makes_us_wait_for_ever() -> None:
    pace, time = paced(10, 5)
    pace.refused("86400")
    assert time.now == 10
    pace.refused("soon")
    assert time.now == 11


def test_after_many_at_once_the_allowance_is_used_up() -> None:
    pace, time = paced(10, 5)
    pace.spent()
    pace.take()
    pace.take()
    assert time.now > 0.05
