"""The surface for people: progress on stderr, results and findings on stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from platformctl.errors import PlatformError
from platformctl.events import Event, Finding, LogLine, Planned
from platformctl.ui.failure import failure_lines
from platformctl.ui.findings import finding_lines
from platformctl.ui.junit import write_junit
from platformctl.ui.log_line import log_line
from platformctl.ui.paint import painted, wrapped
from platformctl.ui.progress import make_progress
from platformctl.ui.rehearsed import Rehearsed
from platformctl.ui.results import lines, next_steps


class Human:
    def __init__(self, verb: str, verbose: bool, streams: bool, junit: Path | None) -> None:
        self._verb, self._streams, self._junit = verb, streams, junit
        self._findings: list[Finding] = []
        self._planned: Sequence[str] = ()
        self._progress = make_progress(verbose)

    def __call__(self, event: Event, /) -> None:
        match event:
            case LogLine():
                self._progress.stop()
                self._say((log_line(event),))
            case Finding():
                self._findings.append(event)
                if self._streams or self._planned:
                    self._progress.stop()
                    self._say(finding_lines([event], self._planned))
            case Planned():
                self._planned = event.ids
            case _:
                self._progress(event)

    def rehearsal(self, rehearsed: Rehearsed) -> None:
        self._progress.stop()
        for line in lines(rehearsed):
            for part in wrapped(line, "", "    "):
                sys.stderr.write(part + "\n")

    def result(self, value: object) -> None:
        self._finish()
        self._say(lines(value))

    def failure(self, error: PlatformError) -> None:
        self._finish()
        if error.data is not None:
            self._say(lines(error.data)[: -len(next_steps(error.data)) or None])  # the error has its own
        for line in failure_lines(error, sys.stderr):
            sys.stderr.write(painted(line, sys.stderr) + "\n")

    def _finish(self) -> None:
        self._progress.stop()
        if not self._streams and not self._planned:
            self._say(finding_lines(self._findings))
        file, self._junit = self._junit, None  # one attempt: its failure is shown by this surface too
        findings, self._findings = self._findings, []
        if file is not None:
            write_junit(file, self._verb, findings)

    def _say(self, text: tuple[str, ...]) -> None:
        for line in text:
            sys.stdout.write(painted(line, sys.stdout) + "\n")
        sys.stdout.flush()
