"""platformctl with a runner that writes down every argv: python -m tests.cli.recorder FILE VERB ..."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from platformctl import cli
from platformctl.shell.command import Answer, Command
from platformctl.shell.runner import OnLine, RealRunner, Record

T = TypeVar("T")


class Recorder(RealRunner):
    def __init__(self, record: Record, file: Path) -> None:
        super().__init__(record)
        self._file = file

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        self._write("\n".join(command.argv))
        return super().run(command, on_line)

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        self._write("\n".join(command.argv))
        with super().pipe(command) as stream:
            yield stream

    @contextmanager
    def feed(self, command: Command, on_line: OnLine | None = None) -> Iterator[BinaryIO]:
        self._write("\n".join(command.argv))
        with super().feed(command, on_line) as stream:
            yield stream

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        self._write(words)
        return super().call(words, function, mutates=mutates)

    def _write(self, words: str) -> None:
        with self._file.open("a") as out:
            out.write(f"{words}\n")


if __name__ == "__main__":
    file = Path(sys.argv[1])
    sys.exit(cli.main(sys.argv[2:], make_runner=lambda record: Recorder(record, file)))
