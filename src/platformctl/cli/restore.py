"""`platformctl restore`: put the database back to what a backup holds, or undo that."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platformctl.cli.options import Damage, Guarded, changes

if TYPE_CHECKING:
    from platformctl.operations.context import Context


Backup = Annotated[
    str | None, typer.Argument(metavar="[ID|latest]", help="Which backup; latest when left out.")
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="Any moment that backup.point_in_time kept; ISO 8601, with its zone."
    ),
]
Undo = Annotated[bool, typer.Option("--undo", help="Bring back the database that the last restore replaced.")]
IntoForeign = Annotated[
    bool,
    typer.Option(
        "--into-foreign", help="Also take a backup of another database cluster of this environment."
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="NAME", help="Into a new database of this name; the live one is not involved."
    ),
]
Table = Annotated[
    list[str] | None,
    typer.Option(
        "--table", metavar="SCHEMA.TABLE", help="With --as, only the rows of this table; may be repeated."
    ),
]
Drop = Annotated[str | None, typer.Option("--drop", metavar="NAME", help="Delete a database that --as made.")]
Open = Annotated[
    str | None, typer.Option("--open", metavar="NAME", help="Open psql in a database that --as made.")
]


@changes(Damage.DESTRUCTIVE)
def restore(
    backup: Backup = None,
    at: At = None,
    undo: Undo = False,
    into_foreign: IntoForeign = False,
    name: As = None,
    table: Table = None,
    opened: Open = None,
    drop: Drop = None,
) -> Guarded:
    """Put the database back to what a backup holds; the former one is kept for --undo.

    Where the environment does not exist yet, as on an empty machine, it is brought up first. With --as, the
    backup is loaded and proven beside the live database, as it is: nothing is replaced, so nothing is asked.
    """
    alone = {"--undo": undo or None, "--at": at, "--open": opened, "--drop": drop}
    given = [option for option, value in alone.items() if value is not None]
    others = into_foreign or bool(table) or any(each is not None for each in (backup, name))
    if given and (others or len(given) > 1):
        raise typer.BadParameter(f"{given[0]} takes no backup and no other option of restore")
    if table and name is None:
        raise typer.BadParameter("--table needs --as: the live database is never restored in part")
    if undo:
        from platformctl.operations import restore_undo

        return _asked(restore_undo.undo, restore_undo.what_is_put_aside, None)
    if at is not None:
        from platformctl.operations import restore_at

        return _asked(restore_at.restore_at, restore_at.what_is_lost, _moment(at))
    if name is None and opened is None and drop is None:
        return _in_place(backup or "latest", into_foreign)
    from platformctl.operations import restore_beside as beside

    if opened is not None:
        return Guarded(partial(beside.open_beside, name=opened), damage=Damage.NONE)
    if drop is not None:
        return Guarded(partial(beside.drop, name=drop), question=partial(beside.what_is_dropped, name=drop))
    wish = beside.Wish(name or "", tuple(table or ()), into_foreign)
    return Guarded(partial(beside.restore_beside, backup=backup or "latest", wish=wish), damage=Damage.NONE)


def _in_place(backup: str, into_foreign: bool) -> Guarded:
    from platformctl.operations import restore as restoring
    from platformctl.operations import restore_anew as anew

    def into(ctx: Context, wanted: str) -> object:
        if ctx.backends.cluster.exists():
            return restoring.restore(ctx, wanted, into_foreign=into_foreign)
        return anew.restore_anew(ctx, wanted, os.environ)

    def question(ctx: Context, wanted: str) -> tuple[str, str]:
        asked = restoring.what_is_lost if ctx.backends.cluster.exists() else anew.what_is_made
        return asked(ctx, wanted)

    return _asked(into, question, backup)


def _moment(text: str) -> float:
    """A time without its zone could be meant in two ways."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):  # told as one that has no zone
        pass
    raise typer.BadParameter(
        f"{text} is no time with its zone, such as 2026-11-25T10:00:00Z", param_hint="--at"
    )


def _asked(
    operation: Callable[[Context, Any], object],
    question: Callable[[Context, Any], tuple[object, str]],
    wanted: object,
) -> Guarded:
    """What the question was about is what the operation takes, whatever is newest by then."""
    agreed = [wanted]

    def words(ctx: Context) -> str:
        agreed[0], asked = question(ctx, wanted)
        return asked

    return Guarded(lambda ctx: operation(ctx, agreed[0]), question=words)
