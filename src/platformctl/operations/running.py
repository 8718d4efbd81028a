"""What most verbs need before they may change anything: a platform that runs, and its lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platformctl.errors import PreconditionError
from platformctl.operations.context import Context
from platformctl.operations.locking import locked


def require_running(ctx: Context) -> None:
    if not ctx.backends.cluster.running():
        raise PreconditionError(
            f"environment {ctx.environment} does not run",
            cause="no supervisor answers",
            fix=ctx.command("up"),
            reference="cluster/down",
        )


@contextmanager
def locked_while_running(ctx: Context, reason: str) -> Iterator[None]:
    """Asked before the lock, which leaves a trace, and once it is ours: a `down` may have been faster."""
    require_running(ctx)
    with locked(ctx, reason):
        require_running(ctx)
        yield
