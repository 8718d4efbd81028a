"""`platformctl verify` as a program of its own: what it is asked with, and what its answer says."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from platformctl.shell.command import Command

CREDENTIALS = "verify/credentials"
TIMEOUT = 180.0  # seconds; its own limit is a minute


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the contract: `status` is pass, fail or unknown."""

    id: str
    status: str
    message: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Visited:
    """`error` and `reference` say why nothing could be asked; '' when the rows are the answer."""

    rows: tuple[Row, ...]
    error: str
    reference: str


def verify(url: str, user: str, password: SecretStr, folder: Path) -> Command:
    """As a visitor who knows no environment: `folder` has no configuration, and is the place of its state."""
    return Command(
        (sys.executable, "-P", "-m", "platformctl", "verify", url, "--env", "local", "--output", "json"),
        mutates=True,
        env={
            "PLATFORMCTL_FILE": "",
            "PLATFORMCTL_VERIFY_USER": user,
            "PLATFORMCTL_VERIFY_PASSWORD": password,
            "XDG_STATE_HOME": str(folder),
        },
        cwd=folder,
        ok_codes=frozenset({0, 4, 5}),
        timeout=TIMEOUT,
    )


def answer(lines: Sequence[str]) -> Visited:
    said = json.loads(lines[-1])
    rows = tuple(
        Row(each["id"], each["status"], each["message"], each["evidence"]) for each in said["findings"]
    )
    error = (said["error"] or {}) if not rows else {}
    words = ": ".join(filter(None, (error.get("message"), error.get("cause"))))
    return Visited(rows, words, error.get("reference", ""))
