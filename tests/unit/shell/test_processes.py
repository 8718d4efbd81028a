from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from platformctl.errors import CancelledRunError
from platformctl.shell import processes
from platformctl.shell.processes import ProcessId


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, "PCTL_TEST_MARK": str(os.getpid())})
    yield child
    child.kill()
    child.wait()


def test_a_process_is_named_by_pid_and_start_so_that_a_reused_pid_is_not_it(
    sleeper: subprocess.Popen[bytes],
) -> None:
    started = psutil.Process(sleeper.pid).create_time()
    assert ProcessId(sleeper.pid, started).alive
    assert not ProcessId(sleeper.pid, started - 3600).alive


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    name = ProcessId(sleeper.pid, psutil.Process(sleeper.pid).create_time())
    os.kill(sleeper.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while name.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not name.alive


def test_processes_are_found_by_what_their_environment_carries(sleeper: subprocess.Popen[bytes]) -> None:
    found = processes.carrying("PCTL_TEST_MARK", str(os.getpid()))
    assert [each.pid for each in found] == [sleeper.pid]
    assert processes.carrying("PCTL_TEST_MARK", "another") == []


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{ignore}; print(1, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    begun = time.monotonic()
    processes.end([psutil.Process(child.pid)], grace=0.3)
    assert time.monotonic() - begun >= 0.3
    assert not psutil.pid_exists(child.pid)
    child.wait()
    child.stdout.close()


def test_signalling_a_group_that_is_gone_is_no_error() -> None:
    child = subprocess.Popen(["true"], process_group=0)
    child.wait()
    processes.signal_group(child.pid, signal.SIGTERM)


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

    with pytest.raises(CancelledRunError) as caught, processes.cancellation():
        work()
    assert cleaned
    assert caught.value.exit_code == code


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_arrives_where_python_drops_exceptions_is_told_in_the_end() -> None:
    class Dropping:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    with pytest.raises(CancelledRunError) as caught, processes.cancellation():
        Dropping()
    assert caught.value.exit_code == 130
    assert "to its end" in caught.value.state


def test_code_that_takes_every_exception_for_a_failure_does_not_take_a_cancellation() -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except Exception:
            pytest.fail("it was taken for a failure")

    with pytest.raises(CancelledRunError), processes.cancellation():
        work()


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with processes.cancellation():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    seen: list[object] = []

    def look() -> None:
        with processes.cancellation():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_becoming_another_program_keeps_the_pid() -> None:
    code = (
        "import os; from platformctl.shell.processes import become\n"
        "print(os.getpid(), flush=True); become(('/bin/sh', '-c', 'echo $$ $MARK'), {'MARK': 'kept'})"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert out == [out[0], out[0], "kept"]


def test_a_signal_that_has_to_wait_cancels_at_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with processes.signals_wait():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)
            reached.append("the end of the block")
        reached.append("what comes after it")

    with pytest.raises(CancelledRunError) as caught, processes.cancellation():
        work()
    assert caught.value.exit_code == 143
    assert reached == ["the end of the block"]


def test_a_child_that_is_started_while_signals_wait_can_be_ended_by_them() -> None:
    code = "import signal as s; print([s.getsignal(each) for each in (2, 15)], s.pthread_sigmask(0, []))"
    with processes.signals_wait():
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "SIG_IGN" not in out
    assert out.endswith("set()\n")
