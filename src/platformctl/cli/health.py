"""`platformctl health`."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.options import Guarded, reads
from platformctl.operations.health import health as operation
from platformctl.operations.health import watch as observe


@reads(junit=True)
def health(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and tell whenever an answer changes.")
    ] = False,
) -> Guarded:
    """Check the way from the gateway to the database: one verdict.

    The exit code is 0 when all is well and 5 when something is not.
    """
    return Guarded(observe if watch else operation, streams=watch or None)
