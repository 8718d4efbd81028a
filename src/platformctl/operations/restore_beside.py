"""Put a backup, or some tables of it, into a database of its own beside the live one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from platformctl.backends.database import contents, marks
from platformctl.backends.database.contents import Selection
from platformctl.backends.database.marks import Mark
from platformctl.errors import PreconditionError, RestoreRefusedError
from platformctl.events import Notice, step
from platformctl.operations import archive, restore_copy
from platformctl.operations.backup_list import span
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.restore import heal, tell_foreign
from platformctl.operations.restore_preflight import Plan, preflight, require_server
from platformctl.operations.stopwatch import CHECK
from platformctl.quantities import Bytes, Seconds

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")  # what needs no quotes; PostgreSQL cuts longer ones
TAKEN = ("postgres", "template0", "template1")


@dataclass(frozen=True, slots=True)
class Beside:
    """`only` names the tables that have rows, when not all do; `left_out` what needs the others."""

    database: str
    backup: str
    taken_at: str
    rows: int
    size: Bytes
    seconds: Seconds
    only: tuple[str, ...]
    left_out: tuple[str, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A database that `restore --as` made; `only` as in Beside."""

    name: str
    size: Bytes
    age: str
    backup: str
    only: str


@dataclass(frozen=True, slots=True)
class Dropped:
    database: str
    freed: Bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """The database to make, and which tables get their rows; none means all."""

    name: str
    tables: tuple[str, ...] = ()
    into_foreign: bool = False


def restore_beside(ctx: Context, backup: str, wish: Wish) -> Beside | None:
    """Data exactly as it was backed up: nothing is migrated and no session ended. None in a rehearsal."""
    begun = ctx.clock.elapsed()
    with locked(ctx, f"restore {backup} --as {wish.name}"):
        require_server(ctx)
        with ctx.backends.database.exclusively():
            _require_free(ctx, wish.name)
            heal(ctx)
            plan = _plan(ctx, backup, wish)
            with restore_copy.proven(ctx, plan):
                ctx.backends.database.settle(plan.copy, wish.name, _mark(ctx, plan))
        return _told(ctx, plan, wish.name, ctx.clock.elapsed() - begun)


def open_beside(ctx: Context, name: str) -> None:
    """Let a person look into what `restore --as` made; psql takes the place of this process."""
    require_server(ctx)
    _require_beside(ctx, name)
    ctx.backends.database.open(name)


def drop(ctx: Context, name: str) -> Dropped | None:
    """Only what `restore --as` made beside this live database is ever dropped. None in a rehearsal."""
    with locked(ctx, f"restore --drop {name}"):
        require_server(ctx)
        with ctx.backends.database.exclusively():
            found = _require_beside(ctx, name)
            ctx.backends.database.drop(name)
    return None if ctx.runner.rehearses else Dropped(name, found.size)


def what_is_dropped(ctx: Context, name: str) -> str:
    """The words to ask with."""
    require_server(ctx)
    found = _require_beside(ctx, name)
    return (
        f"Database {name}, {found.size / 1e6:,.0f} MB, made {found.age} ago from backup {found.backup}, is "
        "deleted for good, with all that was changed in it since. The live database and the backup stay."
    )


def databases_beside(ctx: Context) -> tuple[Standing, ...]:
    """The newest first."""
    database, now = ctx.backends.database, ctx.clock.now()
    return tuple(
        Standing(each.name, each.size, span(now - mark.at), mark.backup, mark.only)
        for each, mark in marks.beside(database.name, database.databases())
    )


def _plan(ctx: Context, backup: str, wish: Wish) -> Plan:
    further = f" --as {wish.name}" + "".join(f" --table '{each}'" for each in wish.tables)
    tell_foreign(ctx, backup, further)
    try:
        with step(ctx.report, CHECK):
            plan = preflight(ctx, backup, into_foreign=wish.into_foreign, switches=False, tables=wish.tables)
            return replace(plan, selection=_select(ctx, plan, wish.tables)) if wish.tables else plan
    except RestoreRefusedError as error:
        if re.search(r"restore \S+( --into-foreign)?$", error.fix):
            error.fix += further  # or what is proposed would replace the live database
        raise


def _select(ctx: Context, plan: Plan, tables: Sequence[str]) -> Selection:
    lines: list[str] = []
    with ctx.backends.database.contents(lines.append) as target:
        archive.copy(ctx, plan.entry.prefix, plan.manifest.data, target)
    selection = contents.select(lines, plan.manifest.proof.tables, tuple(dict.fromkeys(tables)))
    ctx.report(
        Notice("only the chosen tables will have rows: every other one is empty, whatever the backup has")
    )
    for each in selection.left_out:
        ctx.report(Notice(f"left out, because it needs rows of other tables: {each}"))
    return selection


def _mark(ctx: Context, plan: Plan) -> Mark:
    return Mark(
        run=ctx.audit.run_id,
        backup=plan.manifest.id,
        at=ctx.clock.now(),
        beside=ctx.backends.database.name,
        only=", ".join(plan.selection.tables) if plan.selection else "",
    )


def _require_free(ctx: Context, name: str) -> None:
    database = ctx.backends.database
    if NAME.fullmatch(name) is None:
        why = "it is written with a to z, 0 to 9 and _, in at most 63 characters, and begins with no digit"
    elif name == database.name:
        why = "it is the live database"
    elif marks.ours(database.name, name):
        why = "databases that a restore fills, or keeps for an undo, are named like that"
    elif name in TAKEN or name in {each.name for each in database.databases()}:
        why = "the server has a database of that name"
    else:
        return
    raise RestoreRefusedError(
        f"{name} cannot be the name of a database beside the live one",
        cause=why,
        fix="the same command again, with another name behind --as",
        reference="restore/name",
    )


def _require_beside(ctx: Context, name: str) -> Standing:
    found = databases_beside(ctx)
    for each in found:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in found)
    raise PreconditionError(
        f"{name} is no database that restore --as made here",
        cause=f"those that it made: {names}" if names else "there is none",
        fix=ctx.command("status"),
        reference="restore/not-beside",
    )


def _told(ctx: Context, plan: Plan, name: str, seconds: float) -> Beside | None:
    if ctx.runner.rehearses:
        return None
    (size,) = (each.size for each in ctx.backends.database.databases() if each.name == name)
    selection = plan.selection
    return Beside(
        database=name,
        backup=plan.manifest.id,
        taken_at=plan.manifest.time,
        rows=plan.proof.rows,
        size=size,
        seconds=round(seconds, 2),
        only=selection.tables if selection else (),
        left_out=selection.left_out if selection else (),
        next_steps=(ctx.command(f"restore --open {name}"), ctx.command(f"restore --drop {name}")),
    )
