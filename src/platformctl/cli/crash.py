"""An exception nobody expected: its traceback goes into a log file, the file's path to the user."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from platformctl.cli.session import Session
from platformctl.config.paths import state_directory
from platformctl.errors import ExitCode, PlatformError
from platformctl.version import VERSION


def crash(error: BaseException, session: Session) -> PlatformError:
    """The text of an exception is shown only for OSError: that of others may hold a value, even a secret."""
    place = _write("".join(traceback.format_exception(error)), session)
    told = PlatformError(
        "platformctl met an error it does not know",
        cause=f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__,
        fix="platformctl doctor",
        evidence=(f"the traceback is in {place}",) if place else ("the traceback could not be written",),
        reference="bug",
    )
    told.exit_code = ExitCode.BUG
    return told


def _write(text: str, session: Session) -> Path | None:
    """Into the environment's logs when it exists, else beside all of them: a crash makes no environment."""
    folder = state_directory(".logs", "", os.environ)
    if session.state is not None and session.state.is_dir():
        folder = session.state / "logs"
    now = datetime.now(UTC)
    file = folder / f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(f"platformctl {VERSION}, Python {sys.version.split()[0]}, {now.isoformat()}\n\n{text}")
    except OSError:
        return None
    return file
