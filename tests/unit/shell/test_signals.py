from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from platformctl.errors import CancelledRunError
from platformctl.shell import signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_cancels_and_later_ones_leave_the_clean_up_alone(number: int, code: int) -> None:
    cleaned = []

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)
            cleaned.append(True)

    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        work()
    assert cleaned
    assert caught.value.exit_code == code


class Dropping:
    """Python prints what a destructor raises, and goes on."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)


def test_a_signal_that_arrives_where_python_drops_exceptions_cancels_soon_after() -> None:
    reached = []

    def work() -> None:
        for _ in range(100):
            Dropping()
        reached.append("what waits for the signal")
        time.sleep(5)
        reached.append("what comes after it")

    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        work()
    assert caught.value.exit_code == 130
    assert reached in ([], ["what waits for the signal"])


def test_a_dropped_signal_that_comes_again_waits_as_any_other() -> None:
    reached = []

    def work() -> None:
        Dropping()
        with signals.deferred():
            time.sleep(0.2)
            reached.append("the end of the block")
        reached.append("what comes after it")

    with pytest.raises(CancelledRunError), signals.cancellation():
        work()
    assert reached == ["the end of the block"]


def test_a_signal_that_is_dropped_by_the_last_act_is_told_in_the_end() -> None:
    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        Dropping()
    assert caught.value.exit_code == 130
    assert "to its end" in caught.value.state


def test_a_signal_that_arrives_in_an_import_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in there it would be dropped by a callback, wrapped, or a panic of a module in Rust."""
    (tmp_path / "slowly_imported.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(0.1)\nWHOLE = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    reached = []

    def work() -> None:
        reached.append(importlib.import_module("slowly_imported").WHOLE)
        time.sleep(5)
        reached.append("what comes after it")

    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        work()
    assert caught.value.exit_code == 143
    assert reached == [True]


@pytest.mark.parametrize("instead", [ValueError, BaseException])
def test_what_is_raised_in_the_place_of_a_break_off_is_a_cancellation(instead: type[BaseException]) -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except BaseException as error:
            raise instead from error

    with pytest.raises(CancelledRunError), signals.cancellation():
        work()


def test_a_clean_up_that_fails_is_told_rather_than_the_cancellation() -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            raise ValueError("it cannot be cleaned up")

    with pytest.raises(ValueError, match="cleaned up"), signals.cancellation():
        work()


def test_code_that_takes_every_exception_for_a_failure_does_not_take_a_cancellation() -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except Exception:
            pytest.fail("it was taken for a failure")

    with pytest.raises(CancelledRunError), signals.cancellation():
        work()


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals.cancellation():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    seen: list[object] = []

    def look() -> None:
        with signals.cancellation():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_signal_that_has_to_wait_cancels_at_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with signals.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)
            reached.append("the end of the block")
        reached.append("what comes after it")

    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        work()
    assert caught.value.exit_code == 143
    assert reached == ["the end of the block"]


def test_a_child_that_is_started_while_signals_wait_can_be_ended_by_them() -> None:
    code = "import signal as s; print([s.getsignal(each) for each in (2, 15)], s.pthread_sigmask(0, []))"
    with signals.deferred():
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "SIG_IGN" not in out
    assert out.endswith("set()\n")
