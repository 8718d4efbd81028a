"""A runner that breaks at the N-th thing it is asked: fails, hangs, or kills the whole process."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

from platformctl.shell.command import Answer, Command
from platformctl.shell.runner import OnLine, RealRunner, Record

T = TypeVar("T")
How = Literal["none", "fail", "hang", "kill-before", "kill-after"]
HOWS: tuple[How, ...] = ("fail", "hang", "kill-before", "kill-after")
PATIENCE = 4.0  # seconds that a hanging call outside the main thread takes to time out, as its library would
FAILING = ("sh", "-c", "echo 'broken on purpose' >&2; exit 75")
HANGING = ("sleep", "600")


@dataclass(frozen=True)
class Plan:
    """At the `at`-th question, counted from 1, `how` happens; `log` gets a line of JSON for each question."""

    log: str
    at: int = 0
    how: How = "none"


class FaultRunner(RealRunner):
    def __init__(self, record: Record, plan: Plan) -> None:
        super().__init__(record)
        self._plan, self._count, self._guard = plan, 0, threading.Lock()

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        how = self._turn("run", str(command), command.mutates)
        self._before(how)
        answer = super().run(_spoiled(command, how), on_line)
        self._after(how)
        return answer

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        how = self._turn("pipe", str(command), command.mutates)
        self._before(how)
        with super().pipe(_spoiled(command, how)) as stream:
            yield stream
        self._after(how)

    @contextmanager
    def feed(self, command: Command, on_line: OnLine | None = None) -> Iterator[BinaryIO]:
        how = self._turn("feed", str(command), command.mutates)
        self._before(how)
        with super().feed(_spoiled(command, how), on_line) as stream:
            yield stream
        self._after(how)

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        how = self._turn("call", words, mutates)

        def spoiled() -> T:
            self._before(how)
            if how == "fail":
                raise self._error()
            if how == "hang":
                _hang()
            value = function()
            self._after(how)
            return value

        return super().call(words, spoiled, mutates=mutates)

    def _turn(self, kind: str, words: str, mutates: bool) -> How:
        with self._guard:
            self._count += 1
            mine = self._count == self._plan.at
            line = {"n": self._count, "kind": kind, "words": words, "mutates": mutates, "hit": mine}
            with Path(self._plan.log).open("a") as out:
                out.write(json.dumps(line) + "\n")
        return self._plan.how if mine else "none"

    def _error(self) -> OSError:
        if self._plan.at % 2:
            return OSError(errno.EIO, "Input/output error")
        return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    def _before(self, how: How) -> None:
        if how == "kill-before":
            os.kill(os.getpid(), signal.SIGKILL)

    def _after(self, how: How) -> None:
        if how == "kill-after":
            os.kill(os.getpid(), signal.SIGKILL)


def written(plan: Plan) -> str:
    return json.dumps(asdict(plan))


def _spoiled(command: Command, how: How) -> Command:
    """A real child takes the command's place, so that its failure takes the real way."""
    if how == "fail":
        return replace(command, argv=FAILING, ok_codes=frozenset({0}))
    return replace(command, argv=HANGING) if how == "hang" else command


def _hang() -> None:
    main = threading.current_thread() is threading.main_thread()
    time.sleep(600 if main else PATIENCE)
    raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
