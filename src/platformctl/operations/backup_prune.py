"""Delete the backups that the policy lets go, each manifest first, so that none is ever listed in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from platformctl.errors import BackupError
from platformctl.events import Notice, step
from platformctl.operations import backup_metrics, catalogue, drills, point_in_time, retention
from platformctl.operations.catalogue import Entry
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.retention import Made
from platformctl.quantities import Bytes


@dataclass(frozen=True, slots=True)
class Remaining:
    """`why` names the rules of retention that keep the backup."""

    id: str
    taken_at: str
    why: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """`freed` is in bytes."""

    kept: tuple[Remaining, ...]
    deleted: tuple[str, ...]
    freed: Bytes
    next_steps: tuple[str, ...]


def prune(ctx: Context) -> Pruned:
    """Each database cluster that this environment had is a history of its own."""
    with locked(ctx, "backup prune"):
        for history in _histories(ctx):
            catalogue.sweep(ctx, history[0].system_id)
        kept, gone = _plan(ctx)
        freed = 0
        if gone:
            with step(ctx.report, f"delete {len(gone)} backups") as current:
                for entry in gone:
                    current.progress(entry.id)
                    freed += _delete(ctx, entry)
        if not ctx.runner.rehearses:
            _require_gone(ctx, gone)
        backup_metrics.write(ctx)
        point_in_time.prune(ctx)
        return Pruned(kept, tuple(each.id for each in gone), freed, (ctx.command("backup list"),))


def _plan(ctx: Context) -> tuple[tuple[Remaining, ...], list[Entry]]:
    kept: list[Remaining] = []
    gone: list[Entry] = []
    for history in _histories(ctx):
        made = [_made(ctx, each) for each in history if each.error is None]
        why = retention.reasons(made, ctx.config.backup.keep)
        for entry in history:
            if entry.error is not None:
                ctx.report(Notice(f"backup {entry.id} could not be read, so it stays: {entry.broken}"))
                kept.append(_remaining(entry, "could not be read"))
            elif entry.id in why:
                kept.append(_remaining(entry, why[entry.id]))
            else:
                gone.append(entry)
    return tuple(kept), gone


def _histories(ctx: Context) -> Iterator[list[Entry]]:
    entries = catalogue.entries(ctx)
    for system_id in dict.fromkeys(each.system_id for each in entries):
        yield [each for each in entries if each.system_id == system_id]


def _made(ctx: Context, entry: Entry) -> Made:
    if entry.manifest is None:
        return Made(entry.id, 0.0, good=False)
    standing = drills.standing(ctx, entry)
    good = not entry.manifest.suspect and not standing.failure and not entry.manifest.recovered
    return Made(entry.id, entry.manifest.taken_at, good, standing.proven)


def _remaining(entry: Entry, why: str) -> Remaining:
    return Remaining(entry.id, entry.manifest.time if entry.manifest else "", why)


def _delete(ctx: Context, entry: Entry) -> int:
    """How many bytes it was. Without its manifest the rest is no backup, and the next run removes it."""
    manifest = f"{entry.prefix}/{catalogue.MANIFEST}"
    found = {each.key: each.size for each in ctx.backends.objects.list(entry.prefix)}
    for key in sorted(found, key=lambda each: each != manifest):
        ctx.backends.objects.delete(key)
    return sum(found.values())


def _require_gone(ctx: Context, gone: list[Entry]) -> None:
    left = {each.id for each in catalogue.entries(ctx)} & {each.id for each in gone}
    if left:
        raise BackupError(
            f"{len(left)} backups are still there after they were deleted",
            cause=f"the first is {min(left)}",
            state="No other backup was touched.",
            fix=ctx.command("backup list"),
            reference="backup/not-deleted",
        )
