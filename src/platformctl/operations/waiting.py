"""Waiting for something to become true: the only loop in operations that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from platformctl.errors import StepError

if TYPE_CHECKING:
    from platformctl.operations.context import Context


class Clock(Protocol):
    """`now` is in seconds since the epoch, `elapsed` in seconds since any fixed moment."""

    def now(self) -> float: ...
    def elapsed(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def until(ctx: Context, check: Callable[[], str | None], deadline: float, interval: float = 0.2) -> None:
    """Ask `check` every `interval` seconds until it answers None; its text says what is still missing.

    Raises StepError with that text after `deadline` seconds. In a rehearsal it returns at once.
    """
    if ctx.runner.rehearses:
        return
    begun = ctx.clock.elapsed()
    while (missing := check()) is not None:
        if ctx.clock.elapsed() - begun >= deadline:
            raise StepError(
                missing,
                cause=f"waited {deadline:g} s",
                state="What was done so far stays; nothing was undone.",
                fix=ctx.command("health"),
                reference="step/timeout",
            )
        ctx.clock.sleep(interval)
