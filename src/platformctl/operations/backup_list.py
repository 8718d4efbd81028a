"""List the backups; one whose manifest cannot be trusted is shown as broken, never as restorable."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from platformctl.errors import PlatformError
from platformctl.events import Notice
from platformctl.operations import catalogue, drills
from platformctl.operations.context import Context
from platformctl.quantities import Bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """`size` is in bytes; `state` is proven, whole, suspect, broken, or foreign (of another cluster)."""

    id: str
    taken_at: str
    age: str
    size: Bytes
    rows: int
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Backups:
    location: str
    backups: tuple[Listed, ...]
    next_steps: tuple[str, ...]


def list_backups(ctx: Context) -> Backups:
    mine = ctx.backends.database.server().system_id if ctx.backends.database.answers() else None
    with ctx.backends.objects.remembering():
        known = catalogue.entries(ctx)
        catalogue.at_once(
            partial(_remember, ctx), [each.results[0] for each in known if each.manifest and each.results]
        )
        rows = tuple(_row(ctx, entry, mine) for entry in known)
    if any(each.state == "broken" for each in rows) and not ctx.backends.keys.exist():
        ctx.report(Notice(f"the key is not here: {catalogue.where_the_key_belongs(ctx)}"))
    return Backups(
        location=ctx.backends.objects.location(),
        backups=rows,
        next_steps=(ctx.command("backup verify --all" if rows else "backup create"),),
    )


def _remember(ctx: Context, key: str) -> None:
    """What fails here is told when the result is looked at."""
    with suppress(PlatformError), ctx.backends.objects.reader(key) as stream:
        stream.read(drills.LARGEST)


def _row(ctx: Context, entry: catalogue.Entry, mine: str | None) -> Listed:
    made = entry.manifest
    if made is None:
        return Listed(entry.id, "", "", 0, 0, "broken", entry.broken)
    standing = drills.standing(ctx, entry)
    suspicion = made.suspect or standing.failure
    state, note = "proven" if standing.proven else "whole", standing.words
    if made.recovered:
        note = ", ".join(filter(None, ("recovered from the write-ahead log", note)))
    if suspicion:
        state, note = "suspect", suspicion
    if mine is not None and entry.system_id != mine:
        state, note = "foreign", f"of database cluster {entry.system_id}"
    return Listed(
        id=entry.id,
        taken_at=made.time,
        age=span(ctx.clock.now() - made.taken_at),
        size=made.data.size,
        rows=made.rows,
        state=state,
        note=note,
    )


def span(seconds: float) -> str:
    """A length of time in its two biggest units: 7 h 12 min."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [(count, unit) for count, unit in units]
    while len(shown) > 1 and shown[0][0] == 0:
        shown = shown[1:]
    return " ".join(f"{count} {unit}" for count, unit in shown[:2] if count or len(shown) == 1)
