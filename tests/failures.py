"""What is told in each failure mode of docs/failures.md, as files; SNAPSHOTS=write makes tests write them."""

from __future__ import annotations

import copy
import io
import os
import re
from pathlib import Path

from platformctl.cli.session import Session
from platformctl.cli.told import completed
from platformctl.errors import PlatformError
from platformctl.ui.failure import failure_lines

FOLDER = Path(__file__).parent / "cli" / "snapshots" / "failures"
VOLATILE = (
    (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "20260101T000000Z-abcdef"),
    (r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", "2026-01-01 00:00:00"),
    (r"/tmp/pytest-of-[^/]+/(?:[^/ ]+/)*?test_[^/ ]*\d+", "$HOME"),
    (r"/tmp/[^ ]*?/postgres\b", "$HOME/postgres"),
    (r"\bdb[0-9a-f]{8}", "platform"),
    (r"(__restore_|__old_)[0-9a-f]+(_schema)?", r"\1abcd"),
    (r"\bage1[0-9a-z]+", "age1..."),
    (r"\bbackups-[0-9a-f]{8}", "shop-backups"),
    (r"\b\d{19}\b", "7000000000000000000"),
    (r"\b[0-9a-f]{8,64}(?=…|\b)", "0123abcd"),
    (r"\bpid \d+ on \S+", "pid 1 on host"),
    (r"/tmp/pctl-\w+", "/tmp/pctl"),
    (r"(--port=|PGSQL\.)\d+", r"\g<1>1"),
    (r"ed25519:[A-Za-z0-9+/]{43}=", "ed25519:..."),
    (r"--snapshot=\S+", "--snapshot=1"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:1"),
    (r"\b\d[\d,]*(?= bytes (instead|came))", "1,000"),
    (r"\b\d{1,3}(,\d{3})+\b", "1,000"),
    (r"PQget\w+\(\) failed", "PQget() failed"),
    (r"(?s)(Error message from server: ).*(?=\npg_dump: detail: Command)", r"\1..."),  # of who was quicker
)


def told(mode: int, what: PlatformError | str) -> None:
    """A failure says the state of things and one command that helps; other modes have a sentence."""
    if isinstance(what, str):
        return _compare(f"{mode:02}", steady(what) + "\n")
    error = completed(copy.copy(what), Session())
    for name in ("message", "cause", "state", "fix"):
        setattr(error, name, steady(getattr(error, name)))
    error.evidence = tuple(steady("\n".join(error.evidence)).split("\n")) if error.evidence else ()
    lines = [*failure_lines(error, io.StringIO()), f"[exit code {int(error.exit_code)}]"]
    return _compare(f"{mode:02}-{error.reference.replace('/', '.')}", "\n".join(lines) + "\n")


def steady(text: str) -> str:
    """Without what differs from run to run."""
    for pattern, sign in VOLATILE:
        text = re.sub(pattern, sign, text)
    return text


def _compare(name: str, shown: str) -> None:
    file = FOLDER / f"{name}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(shown)
    assert file.read_text() == shown, "if this is wanted: SNAPSHOTS=write, the same test, then read the diff"
