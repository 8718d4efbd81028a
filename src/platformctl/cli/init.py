"""`platformctl init`: a first platform.yaml, or the overlay of another environment."""

from __future__ import annotations

from platformctl.cli.options import Operation, reads


@reads(unloaded=True)
def init() -> Operation:
    """Write a commented platform.yaml here, or to --file; a file that exists is never overwritten.

    With --env NAME it writes environments/NAME.yaml instead, for what differs in that environment.
    """
    from platformctl.operations.init import init

    return init
