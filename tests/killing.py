"""Running an operation in a child process that is killed before or after its Nth change."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

from platformctl.operations.context import Context
from platformctl.shell.command import Answer, Command
from platformctl.shell.runner import OnLine, RealRunner

T = TypeVar("T")
MOST = 200  # changes of one operation; more means that it does not end


def in_a_child(task: Callable[[], object]) -> int:
    """The exit code: 0 when `task` returned, 1 when it raised, -9 when it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            task()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class KillingRunner(RealRunner):
    """Ends its own process by SIGKILL around the change number `at`; 0.5 more means after it."""

    def __init__(self, at: float) -> None:
        super().__init__(lambda words, outcome: None)
        self._at = at
        self._count = 0

    @contextmanager
    def _around(self, mutates: bool) -> Iterator[None]:
        if not mutates:
            yield
            return
        self._count += 1
        mine = self._count
        if self._at == mine:
            os.kill(os.getpid(), 9)
        yield
        if self._at == mine + 0.5:
            os.kill(os.getpid(), 9)

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        with self._around(command.mutates):
            return super().run(command, on_line)

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        with self._around(command.mutates), super().pipe(command) as stream:
            yield stream

    @contextmanager
    def feed(self, command: Command, on_line: OnLine | None = None) -> Iterator[BinaryIO]:
        with self._around(command.mutates), super().feed(command, on_line) as stream:
            yield stream

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        with self._around(mutates):
            return super().call(words, function, mutates=mutates)


def boundaries(
    environment: Callable[..., Context],
    operation: Callable[[Context], object],
    offsets: tuple[float, ...] = (0, 0.5),
) -> Iterator[float]:
    """Kill `operation` at each change in turn, and yield after each kill; ends when it ran to its end."""
    for number in range(1, MOST):
        for offset in offsets:
            code = in_a_child(lambda at=number + offset: operation(environment(KillingRunner(at))))
            if code == 0:
                assert number > 1, "the operation changed nothing"
                return
            assert code == -9, "the operation failed instead of being killed"
            yield number + offset
