"""Bring back the database that the last restore replaced; what was live until now is kept in its turn."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.database import marks
from platformctl.backends.database.marks import Mark
from platformctl.backends.database.protocol import DatabaseInfo
from platformctl.errors import PreconditionError
from platformctl.operations import restore_copy
from platformctl.operations.backup_list import span
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.restore import heal
from platformctl.operations.restore_preflight import live, require_free, require_server
from platformctl.operations.restore_switch import Change, switch, telling_what_is_live
from platformctl.quantities import Seconds


@dataclass(frozen=True, slots=True)
class Undone:
    """`put_aside` is the time whose writes are now in `kept`; another undo brings them back."""

    put_aside: str
    waited: Seconds
    kept: str
    next_steps: tuple[str, ...]


def undo(ctx: Context, wanted: str | None = None) -> Undone | None:
    """Bring back the database `wanted`, or the one replaced last. Answers None in a rehearsal."""
    database = ctx.backends.database
    with locked(ctx, "restore --undo"), telling_what_is_live(ctx):
        require_server(ctx)
        with ctx.backends.database.exclusively():
            heal(ctx)
            former, mark = _former(ctx)
            if wanted not in (None, former.name):
                raise PreconditionError(
                    f"{wanted} is not the database that was replaced last any more",
                    cause=f"another restore or undo replaced {former.name} in the meantime",
                    fix=ctx.command("restore --undo"),
                    reference="restore/changed",
                )
            require_free(ctx)
            change = _change(ctx, former, mark)
            database.allow(former.name)
            restore_copy.make_current(ctx, former.name, after="the former one is kept")
            waited = switch(ctx, change)
        if ctx.runner.rehearses:
            return None
        return Undone(
            put_aside=span(ctx.clock.now() - mark.at),
            waited=round(waited, 2),
            kept=change.kept,
            next_steps=(ctx.command("health"), ctx.command("restore --undo")),
        )


def what_is_put_aside(ctx: Context, _wanted: None = None) -> tuple[str, str]:
    """The name of the database that comes back, and the words to ask with."""
    require_server(ctx)
    former, mark = _former(ctx)
    since = span(ctx.clock.now() - mark.at)
    return former.name, (
        f"The {since} of writes since the restore are put aside, and everybody signs in again; "
        "another undo brings the writes back."
    )


def _former(ctx: Context) -> tuple[DatabaseInfo, Mark]:
    found = marks.kept(ctx.backends.database.name, ctx.backends.database.databases())
    if not found:
        raise PreconditionError(
            "there is no restore to undo",
            cause="no database that a restore replaced is kept here",
            fix=ctx.command("backup list"),
            reference="restore/nothing-to-undo",
        )
    return found[0]


def _change(ctx: Context, former: DatabaseInfo, mark: Mark) -> Change:
    database, run, now = ctx.backends.database, ctx.audit.run_id, ctx.clock.now()
    present = marks.read(live(ctx).comment)
    return Change(
        copy=former.name,
        kept=marks.kept_name(database.name, run),
        mark=Mark(run=run, backup=mark.backup, at=mark.at),  # which a switch back leaves as it was
        kept_mark=Mark(run=run, backup=present.backup if present else "", at=now),
    )
