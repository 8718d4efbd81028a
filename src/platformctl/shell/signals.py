"""SIGINT and SIGTERM: they break a run off wherever it is, or wait for the end of what must be whole."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import cast

from platformctl.errors import CancelledRunError


class BreakOff(BaseException):
    """A signal asked the run to stop; no `except Exception` of anybody's may take it for a failure.

    Its notes (add_note) say what state things are in.
    """


def end_at_once() -> None:
    """Until a verb begins, SIGINT and SIGTERM end the program with their codes; no import swallows them."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, _: os._exit(128 + number))


@contextmanager
def cancellation() -> Iterator[None]:
    """Break the main thread off at the first SIGINT or SIGTERM; raises CancelledRunError when the block ends.

    Later signals are ignored, because clean-up (locks, temporary databases, a held gateway) runs by then.
    What cleans up and fails is raised instead: it matters more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    breaker = _Breaker()
    before = {each: signal.signal(each, breaker.cancel) for each in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, breaker.again)
    sys.unraisablehook = breaker.dropped
    try:
        yield
    except BaseException as error:
        if breaker.received and not _from_clean_up(error):
            state = " ".join(getattr(error, "__notes__", ())) if isinstance(error, BreakOff) else ""
            raise _cancelled(breaker.received[0], state) from None
        raise
    else:
        if breaker.received:  # it came with the verb's last act, or code took every exception
            raise _cancelled(breaker.received[0], "The verb had gone on to its end by then.")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = breaker.tell
        for each, handler in before.items():
            signal.signal(each, handler)


class _Breaker:
    """Raises BreakOff in the main thread, where it gets through: a signal that does not comes again.

    It comes a moment later, because at once it would be in the same place.
    """

    AGAIN = 0.02  # seconds

    def __init__(self) -> None:
        self.received: list[signal.Signals] = []
        self.tell = sys.unraisablehook

    def cancel(self, number: int, frame: FrameType | None) -> None:
        self.received.append(signal.Signals(number))
        if _imports(frame):  # broken off in there it may be dropped, wrapped, or a panic of Rust
            signal.setitimer(signal.ITIMER_REAL, self.AGAIN)
            return
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise BreakOff

    def again(self, _number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(self.received[0])

    def dropped(self, what: sys.UnraisableHookArgs) -> None:
        """Python goes on after what a destructor raises."""
        if what.exc_type is not BreakOff:
            self.tell(what)
            return
        signal.signal(self.received[0], self.cancel)
        signal.setitimer(signal.ITIMER_REAL, self.AGAIN)


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _from_clean_up(error: BaseException) -> bool:
    """Whether it was raised while a BreakOff was passing through, and not in its place."""
    while error.__cause__ or error.__context__:
        cause = error.__cause__
        error = cause or cast(BaseException, error.__context__)
        if isinstance(error, BreakOff):
            return cause is None
    return False


@contextmanager
def deferred() -> Iterator[None]:
    """Let SIGINT and SIGTERM take effect at the end of the block only.

    They are noted, not masked or ignored, because a program that is started in the block would inherit that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    note = lambda number, _frame: received.append(number)
    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if received:
            signal.raise_signal(received[0])


def _cancelled(received: signal.Signals, state: str = "") -> CancelledRunError:
    return CancelledRunError(f"cancelled by {received.name}", signal_number=received, state=state)
