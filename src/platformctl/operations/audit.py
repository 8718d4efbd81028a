"""The record of a run: opened and closed here; each change adds its own line through the runner."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Audit:
    """One JSON line a change in `file`; made with mode 0600. No secret travels in argv."""

    file: Path
    verb: str
    environment: str
    arguments: Mapping[str, object]
    run_id: str
    build_url: str | None = field(default_factory=lambda: os.environ.get("BUILD_URL"))

    def record(self, words: str, outcome: str) -> None:
        """Append one line; the file appears with the first change, so reading leaves nothing behind."""
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "run": self.run_id,
            "who": _user(),
            "host": socket.gethostname(),
            "build_url": self.build_url,
            "environment": self.environment,
            "verb": self.verb,
            "arguments": dict(self.arguments),
            "change": words,
            "outcome": outcome,
        }
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as out:
            out.write(json.dumps(line, default=str) + "\n")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's uid without a passwd entry
        return str(os.getuid())
