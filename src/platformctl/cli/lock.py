"""`platformctl lock`: who works on the environment."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes, group, reads
from platformctl.operations import lock

app = group("Show who works on the environment, and break a lock.")


@app.command("show")
@reads()
def show() -> Guarded:
    """Show who holds the lock, since when and for what."""
    return Guarded(lock.show)


@app.command("break")
@changes(Damage.NONE)
def break_lock(
    confirm: Annotated[
        str, typer.Option("--confirm", help="The lock's id, as lock show tells it.", metavar="LOCK")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit log.", metavar="TEXT")],
) -> Guarded:
    """Take the lock from a holder that hangs; a dead one loses it by itself."""
    if not reason.strip():
        raise typer.BadParameter("say why, for whoever reads the audit log", param_hint="--reason")
    return Guarded(partial(lock.break_lock, lock_id=confirm))
