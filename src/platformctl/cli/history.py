"""`platformctl history`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Guarded, reads
from platformctl.operations.history import history as operation


@reads()
def history(
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many, newest first.")] = 20,
) -> Guarded:
    """Show who deployed what, and when."""
    return Guarded(partial(operation, limit=limit))
