"""`platformctl backup`: make, list, show, check, drill, prune and schedule backups."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Operation, changes, group, reads

app = group("Make, list, check, drill, prune and schedule backups.")

Backup = Annotated[str, typer.Argument(metavar="[ID|latest]", help="Which backup.", show_default=True)]


class Format(Enum):
    CRONTAB = "crontab"
    SYSTEMD = "systemd"


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


@app.command("drill")
@changes(Damage.NONE, junit=True)
def drill(
    backup: Backup = "latest",
    all_due: Annotated[
        bool,
        typer.Option("--all-due", help="Drill the newest backup, if backup.drill_days say that it is time."),
    ] = False,
) -> Operation:
    """Restore a backup into a throwaway environment, boot the services there and verify them.

    The live platform is not touched, and deploys go on meanwhile. Where Linux allows it, the environment has
    no way out of the machine. The result is written beside the backup, which is proven after a drill that
    passed. Exit code 5 when the drill fails: the backup is suspect then.
    """
    from platformctl.operations.backup_drill import drill

    if all_due and backup != "latest":
        raise typer.BadParameter("--all-due chooses the backup itself")
    return partial(drill, backup=backup, all_due=all_due)


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


@app.command("schedule")
@reads(unloaded=True)
def schedule(
    format: Annotated[
        Format,
        typer.Option("--format", help="Who is to start them.", metavar="crontab|systemd"),
    ] = Format.CRONTAB,
) -> Operation:
    """Print what this machine's cron or systemd needs to back up by itself.

    At each time of backup.schedule a backup is made, old ones are pruned, and one is drilled if it is time.
    For crontab these are lines to add; for systemd a script for sh that installs units of your own, with a
    timer. Nothing is installed here.
    """
    from platformctl.operations.backup_schedule import schedule

    return partial(schedule, format=format.value)
