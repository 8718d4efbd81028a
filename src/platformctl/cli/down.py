"""`platformctl down`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes
from platformctl.operations.down import backups_lost, what_is_lost
from platformctl.operations.down import down as operation


@changes(Damage.DESTRUCTIVE)
def down(
    purge: Annotated[
        bool, typer.Option("--purge", help="Also delete data, secrets, releases and logs.")
    ] = False,
    with_backups: Annotated[
        bool, typer.Option("--with-backups", help="With --purge: delete the backups too.")
    ] = False,
) -> Guarded:
    """Stop the platform and keep its data.

    Only --purge deletes data, and backups outlive even that unless --with-backups is added.
    """
    if with_backups and not purge:
        raise typer.BadParameter("it deletes backups only together with --purge", param_hint="--with-backups")
    return Guarded(
        partial(operation, purge=purge, with_backups=with_backups),
        damage=Damage.DESTRUCTIVE if purge else Damage.NONE,
        question=partial(what_is_lost, with_backups=with_backups),
        second=backups_lost if with_backups else None,
    )
