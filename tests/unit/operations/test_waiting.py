from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from platformctl.errors import StepError
from platformctl.operations.waiting import SystemClock, until
from platformctl.shell.rehearsal import RehearsalRunner
from tests.support import Heard, context


@dataclass
class Hand:
    """A clock that only sleeping moves."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def elapsed(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.mark.usefixtures("home")
def test_what_is_still_missing_is_told_when_the_deadline_is_over() -> None:
    clock = Hand()
    with pytest.raises(StepError, match="items-1 is not ready") as caught:
        until(replace(context(), clock=clock), lambda: "items-1 is not ready", deadline=2.0, interval=0.5)
    assert caught.value.cause == "waited 2 s"
    assert caught.value.fix == "platformctl health"
    assert clock.slept == [0.5] * 4


@pytest.mark.usefixtures("home")
def test_waiting_ends_as_soon_as_nothing_is_missing() -> None:
    clock = Hand()
    answers = iter(["not yet", "not yet", None])
    until(replace(context(), clock=clock), lambda: next(answers), deadline=60.0, interval=1.0)
    assert clock.slept == [1.0, 1.0]


@pytest.mark.usefixtures("home")
def test_a_rehearsal_does_not_wait_for_what_it_did_not_start() -> None:
    clock = Hand()
    ctx = replace(context(RehearsalRunner(Heard())), clock=clock)
    until(ctx, lambda: "never", deadline=60.0)
    assert clock.slept == []


def test_the_real_clock_moves_while_it_sleeps() -> None:
    clock = SystemClock()
    before, elapsed = clock.now(), clock.elapsed()
    clock.sleep(0.05)
    assert clock.now() > before
    assert clock.elapsed() - elapsed >= 0.05
