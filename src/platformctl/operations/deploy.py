"""Replace what runs by the present code, configuration and secrets, with no request lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from platformctl.backends.cluster.protocol import Deploy
from platformctl.config import certificates
from platformctl.config.schema import SERVICES
from platformctl.operations import rollout
from platformctl.operations.context import Context
from platformctl.operations.running import locked_while_running
from platformctl.quantities import Seconds


@dataclass(frozen=True, slots=True)
class Deployed:
    """`outcome` is deployed; a deploy that failed raises DeployError with its record instead."""

    id: str
    outcome: str
    version: str
    release: str
    services: tuple[str, ...]
    migrations: tuple[str, ...]
    seconds: Seconds
    next_steps: tuple[str, ...] = ()


def deploy(
    ctx: Context,
    services: Sequence[str] = (),
    commit: str | None = None,
    committed_at: str | None = None,
) -> Deployed:
    """Roll `services` (all when none is named) over to the present release."""
    cluster = ctx.backends.cluster
    certificates.check(ctx.config, ctx.environment)
    with locked_while_running(ctx, "deploy"):
        release = cluster.desired()
        targets = dict.fromkeys(services or SERVICES, release)
        plan = rollout.Plan(targets, commit=commit, committed_at=committed_at)
        return deployed(ctx, rollout.carry_out(ctx, plan))


def deployed(ctx: Context, record: Deploy) -> Deployed:
    changed = tuple(name for name, new in record.after.items() if record.before.get(name) != new)
    return Deployed(
        id=record.id,
        outcome=record.outcome,
        version=record.version,
        release=", ".join(sorted(set(record.after.values()))),
        services=changed,
        migrations=record.migrations,
        seconds=round(record.finished - record.started, 1),
        next_steps=tuple(map(ctx.command, ("health", "history", f"rollback --of {record.id}"))),
    )
