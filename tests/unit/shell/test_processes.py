from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

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


def test_becoming_another_program_keeps_the_pid() -> None:
    code = (
        "import os; from platformctl.shell.processes import become\n"
        "print(os.getpid(), flush=True); become(('/bin/sh', '-c', 'echo $$ $MARK'), {'MARK': 'kept'})"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert out == [out[0], out[0], "kept"]
