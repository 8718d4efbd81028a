"""`platformctl init`: a first platform.yaml."""

from __future__ import annotations

from platformctl.cli.options import Operation, reads


@reads(unloaded=True)
def init() -> Operation:
    """Write a commented platform.yaml here, or to --file; a file that exists is never overwritten."""
    from platformctl.operations.init import init

    return init
