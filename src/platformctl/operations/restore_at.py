"""Put the database back to a moment: recovered beside the live one, backed up there, then restored."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from platformctl.events import Narrated, step
from platformctl.operations import backup_create, point_in_time
from platformctl.operations.backup_list import span
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.restore import Restored, restore
from platformctl.operations.restore_preflight import require_server


def restore_at(ctx: Context, moment: float) -> Restored | None:
    """`moment` is in seconds since the epoch. Answers None in a rehearsal.

    When the restore itself is refused, the backup that was made of the moment stays in the catalogue.
    """
    backup = recover(ctx, moment)
    return restore(ctx, backup) if backup else None


def what_is_lost(ctx: Context, moment: float) -> tuple[float, str]:
    """The moment, and the words to ask with."""
    require_server(ctx)
    engine, base = point_in_time.require(ctx, moment)
    return moment, (
        f"You will lose {span(ctx.clock.now() - moment)} of writes, all since {point_in_time.iso(moment)}, "
        f"and everybody signs in again. For a day, {ctx.command('restore --undo')} brings the writes back. "
        f"To recover that moment takes {engine.room(base, moment) / 1e6:,.0f} MB of disk meanwhile."
    )


def recover(ctx: Context, moment: float) -> str | None:
    """The id of a backup that shows the moment. Nothing that serves is involved."""
    told = point_in_time.iso(moment)
    with locked(ctx, f"restore --at {told}"), ExitStack() as stack:
        require_server(ctx)
        engine, base = point_in_time.require(ctx, moment)
        if ctx.runner.rehearses:
            ctx.report(Narrated(f"recover {told} from base backup {base.name} in a throwaway server"))
            ctx.report(Narrated("make a backup of it, and restore that in place of the live database"))
            return None
        with step(ctx.report, f"recover {told} in a throwaway server") as current:
            engine.archive_now()
            point_in_time.require(ctx, moment)  # the archive is complete now, or shows that it is not
            database = stack.enter_context(engine.recovered(base, moment))
            current.detail = f"from base backup {base.name}"
        recovered = replace(ctx, backends=replace(ctx.backends, database=database))
        made = backup_create.make(recovered, accept=("clock", "size"), shows=moment)
    return made.id if made else None
