"""Signals, process groups and the liveness of a process that may be gone; knows nothing of commands."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import psutil

from platformctl.errors import CancelledRunError

INTERRUPT, KILL = signal.SIGINT, signal.SIGKILL


class BreakOff(BaseException):
    """A signal asked the run to stop; no `except Exception` of anybody's may take it for a failure."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A pid alone is reused; with its start time (seconds since the epoch) it names one process for ever."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def current() -> ProcessId:
    return ProcessId(os.getpid(), psutil.Process().create_time())


def lives(pid: int) -> bool:
    """Whether some process has `pid` and has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def name(process: psutil.Process) -> str:
    """'' when it is gone."""
    try:
        return process.name()
    except psutil.Error:
        return ""


def carrying(name: str, value: str) -> list[psutil.Process]:
    """Processes of this user whose environment has `name` set to `value`, this one left out."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(name) == value:
                found.append(process)
        except psutil.Error:
            continue
    return found


def end(processes: Sequence[psutil.Process], grace: float, first: int = signal.SIGTERM) -> None:
    """Send `first` to each, wait `grace` seconds, then SIGKILL what is left; psutil knows reused pids."""
    for process in processes:
        _send(process, first)
    _, alive = psutil.wait_procs(processes, timeout=grace)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=grace)


def signal_group(pid: int, number: int) -> None:
    """Signal a child's process group; a group that is gone is not an error."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def become(argv: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Replace this process by another program, keeping its pid and open descriptors 0 to 2."""
    os.execve(argv[0], list(argv), dict(env))


@contextmanager
def cancellation() -> Iterator[None]:
    """Break the main thread off at the first SIGINT or SIGTERM; raises CancelledRunError when the block ends.

    Later signals are ignored, because clean-up (locks, temporary databases, a held gateway) runs by then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[signal.Signals] = []

    def cancel(number: int, _frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        received.append(signal.Signals(number))
        raise BreakOff

    before = {each: signal.signal(each, cancel) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
        if received:  # it came where Python drops exceptions, such as in a destructor
            raise _cancelled(received[0], "The verb had gone on to its end by then.")
    except BreakOff:
        raise _cancelled(received[0]) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def signals_wait() -> Iterator[None]:
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


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
