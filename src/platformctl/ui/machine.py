"""The surface for programs: JSON on stdout, shaped as docs/output.schema.json says; progress on stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from platformctl.errors import PlatformError
from platformctl.events import Event, Finding, LogLine
from platformctl.ui.junit import write_junit
from platformctl.ui.plain import document, plain
from platformctl.ui.progress import Progress
from platformctl.ui.rehearsed import Rehearsed

SCHEMA = 1


class Machine:
    def __init__(self, verb: str, verbose: bool, streams: bool, junit: Path | None) -> None:
        self._verb, self._streams, self._junit = verb, streams, junit
        self._findings: list[Finding] = []
        self._progress = Progress(verbose)

    def __call__(self, event: Event, /) -> None:
        match event:
            case LogLine():
                self._write({"line": plain(event)})
            case Finding() if self._streams:
                self._write({"finding": plain(event)})
            case Finding():
                self._findings.append(event)
            case _:
                self._progress(event)

    def rehearsal(self, rehearsed: Rehearsed) -> None:
        for words in rehearsed.changes:
            sys.stderr.write(f"would: {words}\n")

    def result(self, value: object) -> None:
        self._end(0, value, None)

    def failure(self, error: PlatformError) -> None:
        names = ("message", "cause", "state", "evidence", "fix", "reference")
        self._end(int(error.exit_code), error.data, {name: plain(getattr(error, name)) for name in names})

    def _end(self, code: int, data: object, error: object) -> None:
        file, self._junit = self._junit, None  # one attempt: its failure is shown by this surface too
        if file is not None:
            write_junit(file, self._verb, self._findings)
        self._write(
            {
                "ok": code == 0,
                "exit_code": code,
                "data": document(data),
                "findings": [plain(each) for each in self._findings],
                "error": error,
            }
        )

    def _write(self, content: dict[str, object]) -> None:
        """ASCII only, so that no locale can spoil it."""
        sys.stdout.write(json.dumps({"schema": SCHEMA, "verb": self._verb, **content}) + "\n")
        sys.stdout.flush()
