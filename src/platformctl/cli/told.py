"""Any exception as a PlatformError that says what failed, the state of things and the next command."""

from __future__ import annotations

import errno

from platformctl.cli.session import Session
from platformctl.errors import CallError, CancelledRunError, ExitCode, PlatformError, PreconditionError

UNTOUCHED = "Nothing was touched."
UNUSABLE = {
    errno.ENOSPC: ("the disk is full", "free some space, then repeat the command"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then repeat the command"),
    errno.EACCES: ("a file may not be used by this user", "platformctl doctor"),
    errno.EPERM: ("a file may not be used by this user", "platformctl doctor"),
    errno.EROFS: (
        "the file system is read-only",
        "set XDG_STATE_HOME to a directory that can be written, then repeat the command",
    ),
}


def told(error: BaseException, session: Session) -> PlatformError:
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return CancelledRunError("cancelled by SIGINT", signal_number=2)
    if isinstance(error, OSError) and error.errno in UNUSABLE:
        return _unusable(error)
    from platformctl.cli.crash import crash

    return crash(error, session)


def completed(error: PlatformError, session: Session) -> PlatformError:
    """Fill in what the one who raised could not know: whether anything changed, and a next command."""
    refused = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
    if isinstance(error, CallError) and refused in UNUSABLE:
        words, error.fix = UNUSABLE[refused]
        error.message = f"{error.message}: {words}"
    if not error.state:
        error.state = _state(session)
        if session.changed and error.exit_code is ExitCode.PRECONDITION:
            error.exit_code = ExitCode.FAILED  # a precondition is told before anything is touched
    if not error.fix:
        error.fix = "platformctl status"
    return error


def _unusable(error: OSError) -> PlatformError:
    message, fix = UNUSABLE[error.errno or 0]
    message = f"{message}: {error.filename}" if error.filename else message
    return PreconditionError(message, cause=str(error), state="", fix=fix, reference="file/unusable")


def _state(session: Session) -> str:
    if not session.changed:
        return UNTOUCHED
    return f"The run had begun to change things; {session.state}/audit.jsonl lists what."
