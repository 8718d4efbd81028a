"""Who deployed what and when, newest first; reads only."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.cluster.protocol import Deploy
from platformctl.operations.context import Context


@dataclass(frozen=True, slots=True)
class History:
    deploys: tuple[Deploy, ...]
    next_steps: tuple[str, ...] = ()


def history(ctx: Context, limit: int = 20) -> History:
    deploys = ctx.backends.cluster.deploys()[:limit]
    again = (ctx.command(f"rollback --to {deploys[0].id}" if deploys else "up"),)
    return History(deploys, again)
