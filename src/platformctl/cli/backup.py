"""`platformctl backup`: make, list, show, check and prune backups."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Operation, changes, group, reads

app = group("Make, list, check and prune backups.")

Backup = Annotated[str, typer.Argument(metavar="[ID|latest]", help="Which backup.", show_default=True)]


class Accepted(Enum):
    CLOCK = "clock"
    SIZE = "size"


@app.command("create")
@changes(Damage.NONE)
def create(
    accept: Annotated[
        list[Accepted] | None,
        typer.Option(
            "--accept", help="What looks wrong beside earlier backups and is right.", metavar="clock|size"
        ),
    ] = None,
) -> Operation:
    """Make a backup and read it again to its end.

    Exit code 5 when it is suspect: tables or most of the rows of the last one are not there.
    """
    from platformctl.operations.backup_create import create

    return partial(create, accept=[each.value for each in accept or ()])


@app.command("list")
@reads()
def list_backups() -> Operation:
    """List the backups, the newest first."""
    from platformctl.operations.backup_list import list_backups

    return list_backups


@app.command("show")
@reads()
def show(backup: Backup = "latest") -> Operation:
    """Show what a backup holds."""
    from platformctl.operations.backup_show import show

    return partial(show, backup=backup)


@app.command("verify")
@reads(junit=True)
def verify(
    backup: Backup = "latest",
    every: Annotated[bool, typer.Option("--all", help="Verify every backup.")] = False,
) -> Operation:
    """Read a backup to its end, as a restore would.

    Exit code 5 when it is damaged.
    """
    from platformctl.operations.backup_verify import verify

    return partial(verify, backup=backup, every=every)


@app.command("key")
@reads()
def key() -> Operation:
    """Show which key opens the backups, and whose signature is believed."""
    from platformctl.operations.backup_key import show

    return show


@app.command("prune")
@changes(Damage.COSTLY)
def prune() -> Operation:
    """Delete the backups that backup.keep lets go.

    The newest two always stay, and the newest one beyond what the rules keep.
    """
    from platformctl.operations.backup_prune import prune

    return prune
