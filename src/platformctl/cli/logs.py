"""`platformctl logs`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Guarded, reads
from platformctl.config.schema import SERVICES
from platformctl.operations.logs import logs as operation

SOURCES = ("postgres", *SERVICES)


@reads(streams=True)
def logs(
    services: Annotated[
        list[str] | None,
        typer.Argument(help="Services, or postgres; all without any.", metavar="[SERVICE]..."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay, and show what is added.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", min=0, max=100_000, help="Last lines of each process.")
    ] = 20,
) -> Guarded:
    """Show what the services and the database say."""
    unknown = sorted(set(services or ()) - set(SOURCES))
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)} is none of {', '.join(SOURCES)}", param_hint="SERVICE"
        )
    return Guarded(partial(operation, services=tuple(services or ()), lines=lines, follow=follow))
