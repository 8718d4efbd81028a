"""The surface for people: progress on stderr, results on stdout."""

from __future__ import annotations

import sys
from pathlib import Path

from platformctl.errors import PlatformError
from platformctl.events import Event, Finding, LogLine
from platformctl.ui.failure import failure_lines
from platformctl.ui.junit import write_junit
from platformctl.ui.progress import PlainProgress
from platformctl.ui.rehearsed import Rehearsed
from platformctl.ui.results import finding_lines, lines


class Human:
    def __init__(self, verb: str, verbose: bool, streams: bool, junit: Path | None) -> None:
        self._verb, self._streams, self._junit = verb, streams, junit
        self._findings: list[Finding] = []
        self._progress = PlainProgress(verbose)

    def __call__(self, event: Event, /) -> None:
        match event:
            case LogLine():
                self._say((f"{event.source} | {event.text}",))
            case Finding():
                self._findings.append(event)
                if self._streams:
                    self._say(finding_lines(event))
            case _:
                self._progress(event)

    def rehearsal(self, rehearsed: Rehearsed) -> None:
        self._progress.stop()
        for line in lines(rehearsed):
            sys.stderr.write(line + "\n")

    def result(self, value: object) -> None:
        self._finish()
        self._say(lines(value))

    def failure(self, error: PlatformError) -> None:
        self._finish()
        if error.data is not None:
            self._say(lines(error.data))
        sys.stdout.flush()
        for line in failure_lines(error):
            sys.stderr.write(line + "\n")

    def _finish(self) -> None:
        self._progress.stop()
        if not self._streams:
            for finding in self._findings:
                self._say(finding_lines(finding))
        if self._junit is not None:
            write_junit(self._junit, self._verb, self._findings)

    def _say(self, text: tuple[str, ...]) -> None:
        for line in text:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
