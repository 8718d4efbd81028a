"""From any exception to a PlatformError and its exit code; what it looks like belongs in ui."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from platformctl.cli.session import MakeRunner, Session
from platformctl.errors import CancelledRunError, ExitCode, PlatformError, PreconditionError

if TYPE_CHECKING:
    from typer.exceptions import TyperException

UNUSABLE = {
    errno.ENOSPC: ("the disk is full", "free some space, then repeat the command"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then repeat the command"),
    errno.EACCES: ("a file may not be used", "give this user the right to it, then repeat the command"),
    errno.EPERM: ("a file may not be used", "give this user the right to it, then repeat the command"),
    errno.EROFS: ("the file system is read-only", "set XDG_STATE_HOME to a directory that can be written"),
}


class Door:
    def __init__(self, arguments: Sequence[str], make_runner: MakeRunner | None) -> None:
        machine = any(
            each == "--output=json" or (each == "--output" and following == "json")
            for each, following in zip(arguments, [*arguments[1:], ""], strict=False)
        )
        self.session = Session(machine=machine, make_runner=make_runner)

    def misused(self, error: TyperException) -> int:
        """A usage error keeps Click's own words and exit code 2."""
        if not self.session.machine:
            error.show()  # type: ignore[attr-defined]
            return error.exit_code
        told = PlatformError(error.format_message(), state="Nothing was touched.", reference="usage")
        told.exit_code = ExitCode.USAGE
        return self._show(told)

    def failed(self, error: BaseException) -> int:
        """Show what failed and answer the exit code; never raises, whatever is wrong with the surface."""
        if isinstance(error, BrokenPipeError) and _stdout_is_gone():
            return 0
        try:
            return self._show(self._as_told(error))
        except BrokenPipeError:
            _stdout_is_gone()
            return int(self._as_told(error).exit_code)

    def _show(self, error: PlatformError) -> int:
        from platformctl.ui.screen import make_screen

        screen = self.session.screen or make_screen("", self.session.machine, False, False, None)
        screen.failure(error)
        return int(error.exit_code)

    def _as_told(self, error: BaseException) -> PlatformError:
        if isinstance(error, PlatformError):
            return error
        if isinstance(error, KeyboardInterrupt):
            return CancelledRunError("cancelled", signal_number=2, state="Nothing was touched.")
        if isinstance(error, OSError) and error.errno in UNUSABLE:
            return self._unusable(error)
        from platformctl.cli.bug import as_bug

        return as_bug(error, self.session)

    def _unusable(self, error: OSError) -> PlatformError:
        message, fix = UNUSABLE[error.errno or 0]
        message = f"{message}: {error.filename}" if error.filename else message
        if not self.session.changed:
            return PreconditionError(message, cause=str(error), fix=fix, reference="file/unusable")
        return PlatformError(
            message,
            cause=str(error),
            state="What was done so far stays; the same command goes on from here.",
            fix=fix,
            reference="file/unusable",
        )


def _stdout_is_gone() -> bool:
    """Whether nobody reads stdout any more; then later writes, also at exit, go nowhere."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
