"""`platformctl doctor`."""

from __future__ import annotations

from platformctl.cli.options import Guarded, reads
from platformctl.operations.doctor import doctor as operation


@reads(junit=True)
def doctor() -> Guarded:
    """Check this machine: Python, space, rights, ports, left-overs; nothing is changed."""
    return Guarded(operation)
