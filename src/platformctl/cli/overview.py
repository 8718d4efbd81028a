"""`platformctl` alone: where one is and what to type next."""

from __future__ import annotations

from platformctl.cli.options import Operation, reads


@reads()
def overview() -> Operation:
    """Show where you are and the next useful command."""
    from platformctl.operations.overview import overview

    return overview
