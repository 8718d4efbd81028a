"""Processes of this environment that no living supervisor looks after: what a killed run leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psutil

from platformctl.shell import processes


def find(root: Path, supervisor_pid: int | None) -> list[psutil.Process]:
    """All that carry the environment's mark, without the supervisor that answers and what it started."""
    looked_after: set[int] = set()
    if supervisor_pid is not None:
        looked_after.add(supervisor_pid)
        try:
            looked_after |= {each.pid for each in psutil.Process(supervisor_pid).children(recursive=True)}
        except psutil.Error:
            looked_after.clear()
    carrying = processes.carrying("PLATFORMCTL_STATE", str(root))
    return [each for each in carrying if each.pid not in looked_after]


def end(found: Sequence[psutil.Process], grace: float) -> None:
    """A hanging supervisor first, lest it starts others; then services; PostgreSQL last, by fast shutdown."""
    kinds = [(each, _kind(each)) for each in found]
    processes.end([each for each, kind in kinds if kind == "supervisor"], grace, processes.KILL)
    processes.end([each for each, kind in kinds if kind == "service"], grace)
    processes.end([each for each, kind in kinds if kind == "postgres"], 60, processes.INTERRUPT)


def _kind(process: psutil.Process) -> str:
    """PostgreSQL's children are ended by their parent."""
    try:
        if "supervisor.supervisord" in process.cmdline():
            return "supervisor"
        if process.name() != "postgres":
            return "service"
        parent = process.parent()
        return "child" if parent is not None and parent.name() == "postgres" else "postgres"
    except psutil.Error:
        return "gone"
