"""Process groups, signals to them, and the liveness of a process that may be gone; knows no commands."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import psutil

INTERRUPT, KILL = signal.SIGINT, signal.SIGKILL


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


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
