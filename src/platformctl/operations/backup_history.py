"""What a new backup is compared with: those before it, whose clock and size tell that something is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from platformctl.backends.database.facts import Proof
from platformctl.errors import PreconditionError
from platformctl.operations.catalogue import Entry
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest

SKEW = 60.0  # seconds that the clocks of two servers may be apart
SHRUNK = 0.5  # of the rows that there were: with fewer, the wrong database or a lost table is likely
FEW = 100  # rows, from which on shrinking says anything


def before(known: Sequence[Entry], system_id: str) -> tuple[Manifest, ...]:
    """The readable backups of this database cluster as it was when they were made, the newest first."""
    return tuple(each.regular for each in known if each.regular and each.system_id == system_id)


def next_sequence(known: Sequence[Entry]) -> int:
    return max((each.manifest.sequence for each in known if each.manifest), default=0) + 1


def require_clock(ctx: Context, history: Sequence[Manifest], now: float, *, accepted: bool) -> None:
    """Raises PreconditionError when `now`, of the database's clock, is before the newest backup.

    Ids and retention go by time: a backup that seems older than one before it would be deleted before it.
    """
    if accepted or not history or history[0].taken_at - now <= SKEW:
        return
    newest = history[0]
    raise PreconditionError(
        f"the clock says that it is earlier than backup {newest.id}, which exists already",
        cause=f"that one was made at {newest.time}, {newest.taken_at - now:,.0f} s from now",
        fix="correct the clock; or, when it is right now and was wrong then: "
        + ctx.command("backup create --accept clock"),
        reference="backup/clock",
    )


def suspicion(history: Sequence[Manifest], proof: Proof) -> str:
    """What makes a new backup suspect beside the newest one that is not, '' when nothing does."""
    good = next((each for each in history if not each.suspect), None)
    if good is None:
        return ""
    gone = [name for name, rows in good.proof.tables.items() if rows.count and name not in proof.tables]
    if gone:
        return f"{', '.join(sorted(gone))}, which had rows in {good.id}, is not there any more"
    rows = sum(each.count for each in proof.tables.values())
    if good.rows >= FEW and rows < SHRUNK * good.rows:
        return f"it has {rows:,} rows, and {good.id} has {good.rows:,}"
    return ""
