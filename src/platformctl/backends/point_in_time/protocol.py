"""An engine that brings a server back to a moment; pgBackRest or a cloud's own can stand here too."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from platformctl.backends.database.protocol import Database


@dataclass(frozen=True, slots=True)
class Base:
    """A whole copy of the server's files. From `ended` on, in seconds since the epoch, the log leads on.

    `size` is in bytes; `first` is the oldest segment of the log that it needs.
    """

    name: str
    ended: float
    size: int
    first: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Every moment from `base.ended` to `until` can be had; `missing` segments are why it is none later."""

    base: Base
    until: float
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps the log from being archived, and what to do about it."""

    cause: str
    fix: str


class PointInTime(Protocol):
    """Times are in seconds since the epoch, by the database's clock. Raises PlatformError."""

    def clear(self) -> None:
        """Remove what a killed run left; for whoever holds the environment's lock."""

    def bases(self) -> tuple[Base, ...]:
        """Those that were verified, the oldest first."""

    def back_up(self) -> Base:
        """Make a base backup and verify it; it counts only then."""

    def reaches(self) -> tuple[Reach, ...]:
        """One for each base, the oldest first."""

    def archive_now(self) -> None:
        """Have everything up to this moment in the archive; raises StepError when it does not come there."""

    def room(self, base: Base, moment: float) -> int:
        """How many bytes a recovery of `moment` from `base` takes on the disk while it lasts, at most."""

    def recovered(self, base: Base, moment: float) -> AbstractContextManager[Database]:
        """A server as the live one was at `moment`, from what is archived; gone after the block."""

    def surplus(self, since: float) -> tuple[Base, ...]:
        """The bases without which every moment from `since` on can be had as well; never the newest."""

    def expire(self, surplus: tuple[Base, ...]) -> None:
        """Delete them, and the log that no other base needs."""

    def trouble(self) -> Trouble | None:
        """None when the log is archived at present."""
