"""`platformctl restore`: put the database back to what a backup holds, or undo that."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes


@changes(Damage.DESTRUCTIVE)
def restore(
    backup: Annotated[
        str | None, typer.Argument(metavar="[ID|latest]", help="Which backup; latest when left out.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring back the database that the last restore replaced.")
    ] = False,
    into_foreign: Annotated[
        bool,
        typer.Option(
            "--into-foreign", help="Also take a backup of another database cluster of this environment."
        ),
    ] = False,
) -> Guarded:
    """Put the database back to what a backup holds; the former one is kept for --undo."""
    if undo and (backup is not None or into_foreign):
        raise typer.BadParameter("--undo takes no backup and no other option of restore")
    if undo:
        from platformctl.operations.restore_undo import undo as operation
        from platformctl.operations.restore_undo import what_is_put_aside

        return Guarded(operation, question=what_is_put_aside)
    from platformctl.operations.restore import restore, what_is_lost

    chosen = backup or "latest"
    return Guarded(
        partial(restore, backup=chosen, into_foreign=into_foreign),
        question=partial(what_is_lost, backup=chosen),
    )
