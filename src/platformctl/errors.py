"""The errors a user can meet, by subject, and the exit code each ends with; imports nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    PRECONDITION = 4
    UNHEALTHY = 5
    DECLINED = 6
    CHANGES = 7
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class PlatformError(Exception):
    """A failure told in full: what failed, why, the state things are in now, and the next command.

    `reference` is stable: scripts and runbooks may match it.
    """

    exit_code: ExitCode = ExitCode.FAILED
    reference: str = "failed"

    def __init__(
        self,
        message: str,
        *,
        cause: str = "",
        state: str = "",
        fix: str = "",
        evidence: Sequence[str] = (),
        reference: str | None = None,
        data: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.state = state
        self.fix = fix
        self.evidence = tuple(evidence)
        self.data = data
        if reference is not None:
            self.reference = reference


class ConfigError(PlatformError):
    """The configuration is wrong; nothing was touched."""

    exit_code = ExitCode.CONFIG
    reference = "config/invalid"

    def __init__(self, message: str, **details: object) -> None:
        details.setdefault("state", "Nothing was touched.")
        super().__init__(message, **details)


class PreconditionError(PlatformError):
    """Something that must hold before the verb may act does not; nothing was touched."""

    exit_code = ExitCode.PRECONDITION
    reference = "precondition"

    def __init__(self, message: str, **details: object) -> None:
        details.setdefault("state", "Nothing was touched.")
        super().__init__(message, **details)


class NoMeaningError(PreconditionError):
    """The verb has no meaning on this target."""

    reference = "target/no-meaning"


class MissingToolError(PreconditionError):
    """A program that a command needs is not on this machine; it may be missed in mid-verb."""

    reference = "tool/missing"

    def __init__(self, message: str, **details: object) -> None:
        details.setdefault("state", "")
        super().__init__(message, **details)


class LockHeldError(PreconditionError):
    """Another run holds the environment's lock."""

    reference = "lock/held"


class LockLostError(PlatformError):
    """The environment's lock was taken from this run, which changes nothing any more."""

    reference = "lock/lost"


class StateError(PreconditionError):
    """The state directory belongs to something else, is of another version, or cannot be used."""

    reference = "state/unusable"


class RestoreRefusedError(PreconditionError):
    """A backup may not be restored; the live database was not touched."""

    reference = "restore/refused"


class CommandError(PlatformError):
    """A program that was started failed or timed out."""

    reference = "command/failed"


class CallError(PlatformError):
    """The machine or the network refused what a library call asked of it."""

    reference = "call/failed"


class StepError(PlatformError):
    """A step ran and its post-condition does not hold."""

    reference = "step/unmet"


class DatabaseError(PlatformError):
    """The database refused or broke off what was asked of it."""

    reference = "database/failed"


class BackupError(PlatformError):
    """A backup was not made, or what is stored is not what was made."""

    reference = "backup/failed"


class DeployError(PlatformError):
    """A deploy did not reach its goal; `data` tells the outcome."""

    reference = "deploy/failed"


class UnhealthyError(PlatformError):
    """A check ran, and its answer is no."""

    exit_code = ExitCode.UNHEALTHY
    reference = "check/failed"


class DeclinedError(PlatformError):
    """The user said no, or nobody was there to be asked; nothing was touched."""

    exit_code = ExitCode.DECLINED
    reference = "declined"

    def __init__(self, message: str, **details: object) -> None:
        details.setdefault("state", "Nothing was touched.")
        super().__init__(message, **details)


class CancelledRunError(PlatformError):
    """SIGINT (130) or SIGTERM (143) ended the run, after its clean-up."""

    exit_code = ExitCode.INTERRUPTED
    reference = "cancelled"

    def __init__(self, message: str, *, signal_number: int, **details: object) -> None:
        super().__init__(message, **details)
        self.exit_code = ExitCode(128 + signal_number)
