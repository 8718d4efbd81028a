"""`platformctl rollback`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes
from platformctl.operations.rollback import rollback as operation


@changes(Damage.COSTLY)
def rollback(
    to: Annotated[
        str | None, typer.Option("--to", help="To what this deploy brought.", metavar="DEPLOY")
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            "--of", help="Undo this deploy; nothing is done when it no longer runs.", metavar="DEPLOY"
        ),
    ] = None,
) -> Guarded:
    """Bring back an earlier deploy as it was.

    Code, settings and configuration secrets come back; keys and passwords keep their newest version.
    """
    if to and of:
        raise typer.BadParameter("--to and --of exclude each other", param_hint="--of")
    return Guarded(partial(operation, to=to, of=of))
