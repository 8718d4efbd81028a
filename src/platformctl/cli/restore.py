"""`platformctl restore`: put the database back to what a backup holds, or undo that."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platformctl.cli.options import Damage, Guarded, changes

if TYPE_CHECKING:
    from platformctl.operations.context import Context


At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="Any moment that backup.point_in_time kept; ISO 8601, with its zone."
    ),
]
IntoForeign = Annotated[
    bool,
    typer.Option(
        "--into-foreign", help="Also take a backup of another database cluster of this environment."
    ),
]


@changes(Damage.DESTRUCTIVE)
def restore(
    backup: Annotated[
        str | None, typer.Argument(metavar="[ID|latest]", help="Which backup; latest when left out.")
    ] = None,
    at: At = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring back the database that the last restore replaced.")
    ] = False,
    into_foreign: IntoForeign = False,
) -> Guarded:
    """Put the database back to what a backup holds; the former one is kept for --undo.

    Where the environment does not exist yet, as on an empty machine, it is brought up first.
    """
    if (undo or at) and (backup is not None or into_foreign or (undo and at)):
        raise typer.BadParameter("--undo and --at take no backup and no other option of restore")
    if undo:
        from platformctl.operations import restore_undo

        return _asked(restore_undo.undo, restore_undo.what_is_put_aside, None)
    if at:
        from platformctl.operations import restore_at

        return _asked(restore_at.restore_at, restore_at.what_is_lost, _moment(at))
    from platformctl.operations import restore as restoring
    from platformctl.operations import restore_anew as anew

    def into(ctx: Context, wanted: str) -> object:
        if ctx.backends.cluster.exists():
            return restoring.restore(ctx, wanted, into_foreign=into_foreign)
        return anew.restore_anew(ctx, wanted, os.environ)

    def question(ctx: Context, wanted: str) -> tuple[str, str]:
        asked = restoring.what_is_lost if ctx.backends.cluster.exists() else anew.what_is_made
        return asked(ctx, wanted)

    return _asked(into, question, backup or "latest")


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
