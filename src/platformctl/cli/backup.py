"""`platformctl backup`: make, list, show, check and prune backups."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Operation, changes, group, reads

app = group("Make, list, check and prune backups.")

Backup = Annotated[str, typer.Argument(metavar="[ID|latest]", help="Which backup.", show_default=True)]


@app.command("create")
@changes(Damage.NONE)
def create() -> Operation:
    """Make a backup and read it again to its end."""
    from platformctl.operations.backup_create import create

    return create


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


@app.command("prune")
@changes(Damage.COSTLY)
def prune() -> Operation:
    """Delete the backups that backup.keep lets go.

    The newest two always stay, and the newest one beyond what the rules keep.
    """
    from platformctl.operations.backup_prune import prune

    return prune
