"""`platformctl status`."""

from __future__ import annotations

from platformctl.cli.options import Guarded, reads
from platformctl.operations.status import status as operation


@reads()
def status() -> Guarded:
    """Show what runs, where, and since when."""
    return Guarded(operation)
