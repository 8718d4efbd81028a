"""The database as what a backup is read from: whether it can be, and what it means that reading broke off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platformctl.errors import BackupError, CommandError, DatabaseError, PreconditionError
from platformctl.events import Notice
from platformctl.operations.context import Context

MANY = 1_000_000  # large objects: a restore makes each by itself, in about 0.6 ms
OBJECT = 720  # bytes of memory that pg_dump takes for each large object


def require_memory(ctx: Context) -> None:
    """Raises PreconditionError when the dump's list of large objects would not fit in memory."""
    count = ctx.backends.database.large_objects()
    needed, free = count * OBJECT, ctx.backends.database.memory()
    if needed > free:
        raise PreconditionError(
            f"the dump of {count:,} large objects does not fit in memory",
            cause=f"{needed:,} bytes are needed, {free:,} are free: {needed - free:,} are missing",
            fix="delete large objects that nobody refers to (vacuumlo), or free memory; "
            f"then {ctx.command('backup create')}",
            reference="backup/large-objects",
        )
    if count > MANY:
        minutes = count / 100_000
        ctx.report(Notice(f"{count:,} large objects make a restore about {minutes:.0f} minutes longer"))


@contextmanager
def read(ctx: Context) -> Iterator[None]:
    """Whatever the block had written when the database broke off has no manifest, so it is no backup."""
    try:
        yield
    except (CommandError, DatabaseError) as error:
        locked = _waited(" ".join((error.cause, *error.evidence)))
        raise BackupError(
            "a table is locked by somebody else, and a backup that waits would block all others"
            if locked
            else "the database broke off while it was read",
            cause=error.cause,
            state="No backup was made; those before it are unchanged.",
            evidence=error.evidence,
            fix=f"wait for the migration or ALTER to end, then {ctx.command('backup create')}"
            if locked
            else ctx.command("health"),
            reference="backup/locked" if locked else "backup/broken-off",
        ) from error


def _waited(said: str) -> bool:
    """pg_dump ends its own wait for a lock with a timeout of the whole statement."""
    return "lock timeout" in said or ("statement timeout" in said and "LOCK TABLE" in said)
