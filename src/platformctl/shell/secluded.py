"""A runner whose programs have no way out of the machine: they share a network that has only 127.0.0.1."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from platformctl.errors import CommandError
from platformctl.shell.command import Answer, Command
from platformctl.shell.runner import OnLine, Runner

T = TypeVar("T")
NETLESS = (sys.executable, "-I", str(Path(__file__).with_name("netless.py")))


class Secluded:
    """The network is that of the process that `holder` names; while it names none, each has one of its own.

    What passes through files and Unix sockets is out of its reach, and meant to be: so a database and its
    processes are asked from outside.
    """

    def __init__(self, runner: Runner, holder: Callable[[], int | None]) -> None:
        self._runner, self._holder = runner, holder

    @property
    def rehearses(self) -> bool:
        return self._runner.rehearses

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        return self._runner.run(self._inside(command), on_line)

    def pipe(self, command: Command) -> AbstractContextManager[BinaryIO]:
        return self._runner.pipe(self._inside(command))

    def feed(self, command: Command, on_line: OnLine | None = None) -> AbstractContextManager[BinaryIO]:
        return self._runner.feed(self._inside(command), on_line)

    def become(self, command: Command) -> None:
        self._runner.become(self._inside(command))

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        return self._runner.call(words, function, mutates=mutates)

    def fenced(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        return self._runner.fenced(check)

    def _inside(self, command: Command) -> Command:
        pid = self._holder()
        return replace(command, argv=(*NETLESS, "alone" if pid is None else str(pid), *command.argv))


def refusal(runner: Runner) -> str:
    """Why this system gives a program no network of its own, '' when it does."""
    try:
        runner.run(Command((*NETLESS, "alone", "true"), mutates=False, timeout=10))
    except CommandError as error:
        return error.cause
    return ""
