"""The runner of a rehearsal (`--dry-run`): reads for real, narrates what would change."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeVar, cast

from platformctl.events import Narrated, Reporter
from platformctl.shell.command import Answer, Command
from platformctl.shell.runner import OnLine, RealRunner

T = TypeVar("T")


class RehearsalRunner(RealRunner):
    rehearses = True

    def __init__(self, report: Reporter) -> None:
        super().__init__(record=lambda _words, _outcome: None)
        self._report = report

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        if not command.mutates:
            return super().run(command, on_line)
        self._report(Narrated(str(command)))
        return Answer(command, 0, (), 0.0)

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        if not command.mutates:
            with super().pipe(command) as stream:
                yield stream
            return
        self._report(Narrated(str(command)))
        yield io.BytesIO()

    @contextmanager
    def feed(self, command: Command, on_line: OnLine | None = None) -> Iterator[BinaryIO]:
        if not command.mutates:
            with super().feed(command, on_line) as stream:
                yield stream
            return
        self._report(Narrated(str(command)))
        yield io.BytesIO()

    def become(self, command: Command) -> None:
        self._report(Narrated(str(command)))

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        """A change is narrated and answers None: an operation reads back what it needs with a second call."""
        if not mutates:
            return super().call(words, function, mutates=False)
        self._report(Narrated(words))
        return cast(T, None)
