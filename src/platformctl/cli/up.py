"""`platformctl up`."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes
from platformctl.operations.up import up as operation
from platformctl.operations.up import up_and_watch


@changes(Damage.NONE)
def up(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and replace what a saved file changes.")
    ] = False,
) -> Guarded:
    """Bring the whole platform up, or heal what is broken.

    Run it again whenever you like: when everything runs as configured, it changes nothing.
    """
    return Guarded(partial(up_and_watch if watch else operation, environ=os.environ), streams=watch or None)
