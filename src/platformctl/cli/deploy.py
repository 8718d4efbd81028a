"""`platformctl deploy`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes
from platformctl.config.schema import SERVICES
from platformctl.operations.deploy import deploy as operation


@changes(Damage.NONE)
def deploy(
    services: Annotated[
        list[str] | None, typer.Argument(help="Only these services; all without any.", metavar="[SERVICE]...")
    ] = None,
    commit: Annotated[str | None, typer.Option("--commit", help="The commit, for the record.")] = None,
    committed_at: Annotated[
        str | None,
        typer.Option("--committed-at", help="When it was committed, for the record.", metavar="TIME"),
    ] = None,
) -> Guarded:
    """Replace what runs by the present code, with no request lost.

    One process after the other is replaced, and the next only when the one before is ready. When one does not
    become ready, those already replaced run their former release again.
    """
    unknown = sorted(set(services or ()) - set(SERVICES))
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)} is none of {', '.join(SERVICES)}", param_hint="SERVICE"
        )
    return Guarded(
        partial(operation, services=tuple(services or ()), commit=commit, committed_at=committed_at)
    )
