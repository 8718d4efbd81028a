"""`platformctl provision`."""

from __future__ import annotations

from platformctl.cli.options import Guarded, reads
from platformctl.operations.provision import provision as operation


@reads()
def provision() -> Guarded:
    """Create or change the infrastructure, where the target has any."""
    return Guarded(operation)
