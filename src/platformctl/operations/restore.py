"""Put the database back to what a backup holds: beside the live one first, proven, then in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from platformctl.backends.database import marks
from platformctl.backends.database.marks import Mark
from platformctl.errors import PlatformError
from platformctl.events import Narrated, Notice, step
from platformctl.operations import catalogue, drills, holding, prediction, restore_copy
from platformctl.operations.backup_list import span
from platformctl.operations.context import Context
from platformctl.operations.drill_record import FORMAT, Result
from platformctl.operations.locking import locked
from platformctl.operations.restore_preflight import Plan, live, preflight, require_server
from platformctl.operations.restore_switch import Change, switch, telling_what_is_live
from platformctl.operations.stopwatch import CHECK, Stopwatch
from platformctl.quantities import Bytes, Seconds
from platformctl.version import VERSION

KEEP = 24 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class Restored:
    """`waited` is how many seconds requests were held; `kept` the database that was live before."""

    backup: str
    taken_at: str
    lost: str
    rows: int
    seconds: Seconds
    waited: Seconds
    kept: str
    kept_size: Bytes
    dropped: tuple[str, ...]
    next_steps: tuple[str, ...]


def restore(ctx: Context, backup: str = "latest", into_foreign: bool = False) -> Restored | None:
    """The live database is replaced as a whole or not touched; answers None in a rehearsal."""
    begun, at = ctx.clock.elapsed(), ctx.clock.now()
    watch = Stopwatch(ctx.report)
    ctx = replace(ctx, report=watch)
    with locked(ctx, f"restore {backup}"), telling_what_is_live(ctx):
        require_server(ctx)
        with ctx.backends.database.exclusively():
            heal(ctx)
            tell_foreign(ctx, backup)
            with step(ctx.report, CHECK):
                plan = preflight(ctx, backup, into_foreign=into_foreign)
            with restore_copy.proven(ctx, plan):
                restore_copy.make_current(ctx, plan.copy, "the new one is dropped")
                waited = switch(ctx, _change(ctx, plan))
            leave_result(ctx, plan, at, watch)
            dropped = _expire(ctx, but=plan.kept)
        return _told(ctx, plan, dropped, ctx.clock.elapsed() - begun, waited)


def what_is_lost(ctx: Context, backup: str = "latest") -> tuple[str, str]:
    """The id of the backup, and the words to ask with."""
    require_server(ctx)
    manifest = catalogue.require_whole(ctx, catalogue.find(ctx, backup))
    age = span(ctx.clock.now() - manifest.taken_at)
    seconds = prediction.predict(drills.of(manifest), drills.newest(ctx, catalogue.entries(ctx)))
    undo, other = ctx.command("restore --undo"), catalogue.newest_foreign(ctx)
    foreign = f"Backup {other} is of another database cluster and was not considered. "
    return manifest.id, (foreign if other and backup == "latest" else "") + (
        f"You will lose {age} of writes, all since {manifest.time}, and everybody signs in again. "
        f"For a day, {undo} brings the writes back. "
        + (
            "How long it takes is unknown until a drill or a restore was made."
            if seconds is None
            else f"It will take about {max(1, round(seconds))} s."
        )
    )


def leave_result(ctx: Context, plan: Plan, at: float, watch: Stopwatch) -> None:
    """A restore proves its backup as a drill does; that it cannot be written down undoes nothing."""
    if ctx.runner.rehearses:
        ctx.report(Narrated(f"write beside backup {plan.manifest.id} that it was restored"))
        return
    result = Result(
        format=FORMAT,
        kind="restore",
        backup=drills.of(plan.manifest),
        at=at,
        made_with=VERSION,
        release=", ".join(sorted(set(ctx.backends.cluster.chosen().values()))),
        secluded=False,
        outcome="passed",
        why="",
        seconds=watch.rounded(),
        contract=None,
    )
    try:
        drills.write(ctx, plan.entry, result)
    except PlatformError as error:
        ctx.report(Notice(f"that the backup is proven could not be written: {error.message}: {error.cause}"))


def tell_foreign(ctx: Context, backup: str, further: str = "") -> None:
    """`further` options go with what is proposed."""
    other = catalogue.newest_foreign(ctx) if backup == "latest" else None
    if other is not None:
        words = ctx.command(f"restore {other} --into-foreign{further}")
        ctx.report(Notice(f"latest means this database cluster; for the newest of another one: {words}"))


def heal(ctx: Context) -> None:
    """What a killed run left would only be in the way; the lock says that no other run is alive."""
    holding.release_abandoned(ctx)
    if ctx.backends.point_in_time is not None:
        ctx.backends.point_in_time.clear()
    for sentence in ctx.backends.database.heal():
        ctx.report(Notice(sentence))


def _change(ctx: Context, plan: Plan) -> Change:
    now, run = ctx.clock.now(), ctx.audit.run_id
    former = marks.read(live(ctx).comment)
    return Change(
        copy=plan.copy,
        kept=plan.kept,
        mark=Mark(run=run, backup=plan.manifest.id, at=now),
        kept_mark=Mark(run=run, backup=former.backup if former else "", at=now),
    )


def _expire(ctx: Context, but: str) -> tuple[str, ...]:
    """The database that was just replaced stays until the next restore, an older one for a day."""
    database, now = ctx.backends.database, ctx.clock.now()
    kept = marks.kept(database.name, database.databases())
    old = [each.name for each, mark in kept if each.name != but and now - mark.at > KEEP]
    for name in old:
        database.drop(name)
    return tuple(old)


def _told(ctx: Context, plan: Plan, dropped: Sequence[str], seconds: float, waited: float) -> Restored | None:
    if ctx.runner.rehearses:
        return None
    sizes = {each.name: each.size for each in ctx.backends.database.databases()}
    return Restored(
        backup=plan.manifest.id,
        taken_at=plan.manifest.time,
        lost=span(ctx.clock.now() - seconds - plan.manifest.taken_at),
        rows=plan.manifest.rows,
        seconds=round(seconds, 2),
        waited=round(waited, 2),
        kept=plan.kept,
        kept_size=sizes[plan.kept],
        dropped=tuple(dropped),
        next_steps=(ctx.command("health"), ctx.command("restore --undo")),
    )
