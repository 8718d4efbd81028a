"""The surface for programs: one JSON object on stdout, in the shape of docs/output.schema.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from platformctl.errors import PlatformError
from platformctl.events import Event, Finding, LogLine
from platformctl.ui.junit import write_junit
from platformctl.ui.plain import plain
from platformctl.ui.progress import PlainProgress
from platformctl.ui.rehearsed import Rehearsed

SCHEMA = 1


class Machine:
    def __init__(self, verb: str, verbose: bool, streams: bool, junit: Path | None) -> None:
        self._verb, self._streams, self._junit = verb, streams, junit
        self._findings: list[Finding] = []
        self._progress = PlainProgress(verbose)

    def __call__(self, event: Event, /) -> None:
        match event:
            case LogLine() if self._streams:
                self._write({"schema": SCHEMA, "verb": self._verb, "line": plain(event)})
            case Finding():
                self._findings.append(event)
                if self._streams:
                    self._write({"schema": SCHEMA, "verb": self._verb, "finding": plain(event)})
            case _:
                self._progress(event)

    def rehearsal(self, rehearsed: Rehearsed) -> None:
        for words in rehearsed.changes:
            sys.stderr.write(f"would: {words}\n")

    def result(self, value: object) -> None:
        self._end(0, value, None)

    def failure(self, error: PlatformError) -> None:
        told = {
            name: plain(getattr(error, name)) for name in ("message", "cause", "state", "evidence", "fix")
        }
        self._end(int(error.exit_code), error.data, {**told, "reference": error.reference})

    def _end(self, code: int, data: object, error: object) -> None:
        if self._junit is not None:
            write_junit(self._junit, self._verb, self._findings)
        self._write(
            {
                "schema": SCHEMA,
                "verb": self._verb,
                "ok": code == 0,
                "exit_code": code,
                "data": plain(data) if data is not None else {},
                "findings": [plain(each) for each in self._findings],
                "error": error,
            }
        )

    def _write(self, document: object) -> None:
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        sys.stdout.flush()
