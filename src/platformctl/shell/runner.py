"""Runs commands and library calls for real: the one door through which anything is asked or changed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Protocol, TypeVar

from platformctl.errors import CallError
from platformctl.shell import processes
from platformctl.shell.child import Child, OnLine, Record, reveal, widen
from platformctl.shell.command import Answer, Command

T = TypeVar("T")


class Runner(Protocol):
    def run(self, command: Command, on_line: OnLine | None = None) -> Answer: ...
    def pipe(self, command: Command) -> AbstractContextManager[BinaryIO]: ...
    def feed(self, command: Command, on_line: OnLine | None = None) -> AbstractContextManager[BinaryIO]: ...
    def become(self, command: Command) -> None: ...
    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T: ...
    def fenced(self, check: Callable[[], None]) -> AbstractContextManager[None]: ...
    @property
    def rehearses(self) -> bool: ...


class RealRunner:
    """Starts children in their own process group, so that Ctrl-C reaches them once, through us."""

    rehearses = False

    def __init__(self, record: Record) -> None:
        self._write_down = record
        self._fence: Callable[[], None] | None = None

    @contextmanager
    def fenced(self, check: Callable[[], None]) -> Iterator[None]:
        """Within the block `check` is called before each change; what it raises keeps the change away."""
        self._fence = check
        try:
            yield
        finally:
            self._fence = None

    def _record(self, words: str, outcome: str) -> None:
        if outcome == "started" and self._fence is not None:
            self._fence()
        self._write_down(words, outcome)

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        """Run to the end and return its output; raises CommandError on another exit code or a timeout."""
        lines: list[str] = []

        def keep(line: str) -> None:
            lines.append(line)
            if on_line is not None:
                on_line(line)

        with Child(command, self._record) as child:
            child.start()
            readers = [child.listen(keep)]
            child.give_input()
            child.wait(readers)
        return Answer(command, child.process.returncode, tuple(lines), child.seconds)

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        """The command's standard output as bytes; leaving the block checks the exit code."""
        with Child(command, self._record) as child:
            child.start()
            child.give_input()
            assert child.process.stdout is not None
            widen(child.process.stdout)
            yield child.process.stdout
            child.process.stdout.close()
            child.wait([])

    @contextmanager
    def feed(self, command: Command, on_line: OnLine | None = None) -> Iterator[BinaryIO]:
        """The command's standard input as bytes; leaving the block closes it and checks the exit code."""
        with Child(command, self._record) as child:
            child.start()
            readers = [child.listen(on_line)]
            assert child.process.stdin is not None
            widen(child.process.stdin)
            try:
                yield child.process.stdin
                child.process.stdin.close()
            except BrokenPipeError:
                child.wait(readers)  # the exit code and its last words say more than a broken pipe
                raise
            child.wait(readers)

    def become(self, command: Command) -> None:
        """Give the terminal to a program that people work in; of its end, nothing is recorded."""
        self._record(str(command), "started")
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored would stay so
        revealed = {name: reveal(value) for name, value in command.env.items()}
        processes.become(command.argv, {**os.environ, **revealed})

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        """Raises CallError when the machine or the network refuses."""
        if not mutates:
            return _told(words, function)
        self._record(words, "started")
        try:
            value = _told(words, function)
        except BaseException as error:
            self._record(words, f"failed: {type(error).__name__}")
            raise
        self._record(words, "done")
        return value


def _told(words: str, function: Callable[[], T]) -> T:
    """Whether a file exists, and a pipe's other end, are answers that callers look at themselves."""
    try:
        return function()
    except (FileNotFoundError, FileExistsError, BrokenPipeError):
        raise
    except OSError as error:
        raise CallError(f"could not {words}", cause=str(error) or type(error).__name__) from error
