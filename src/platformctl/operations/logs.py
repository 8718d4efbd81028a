"""What services and database write, the last lines and what follows; reads only."""

from __future__ import annotations

from collections.abc import Sequence

from platformctl.errors import PreconditionError
from platformctl.operations.context import Context


def logs(ctx: Context, services: Sequence[str] = (), lines: int = 100, follow: bool = False) -> None:
    cluster = ctx.backends.cluster
    if not cluster.exists():
        raise PreconditionError(
            f"environment {ctx.environment} was never started, so there are no logs", fix="platformctl up"
        )
    for line in cluster.logs(services, lines=lines, follow=follow):
        ctx.report(line)
