"""A terminal for tests: runs a program on one and types the answers."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence


def on_terminal(
    argv: Sequence[str],
    answers: Mapping[str, str] | None = None,
    *,
    env: Mapping[str, str],
    limit: float = 60.0,
) -> tuple[int, str]:
    """Exit code and everything shown; types each of `answers` once its question has appeared."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(argv, env=dict(env), preexec_fn=lambda: os.login_tty(theirs))
    os.close(theirs)
    shown, waiting, deadline = "", dict(answers or {}), time.monotonic() + limit
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the last program on the terminal has gone
                break
            shown += chunk.decode(errors="replace")
        for question in [each for each in waiting if each in shown]:
            os.write(ours, waiting.pop(question).encode())
    if time.monotonic() >= deadline:
        child.kill()
    os.close(ours)
    return child.wait(10), shown.replace("\r\n", "\n")
