"""Bring each service's schema to the head of the present code; migrations only add."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.cluster.protocol import Migration
from platformctl.errors import StepError
from platformctl.events import step
from platformctl.operations import rollout
from platformctl.operations.context import Context
from platformctl.operations.running import locked_while_running


@dataclass(frozen=True, slots=True)
class Migrated:
    migrations: tuple[Migration, ...]
    next_steps: tuple[str, ...] = ("platformctl deploy",)


def migrate(ctx: Context) -> Migrated:
    cluster = ctx.backends.cluster
    with locked_while_running(ctx, "migrate"):
        release = cluster.desired()
        cluster.store(release)
        done = []
        for service in rollout.WITH_DATABASE:
            with step(ctx.report, f"migrate {service}") as current:
                migration = cluster.migrate(service, release)
                current.detail = ", ".join(migration.applied) or "nothing to do"
                done.append(migration)
    behind = [each.service for each in done if each.current != each.head]
    if behind and not ctx.runner.rehearses:
        raise StepError(
            f"the schema of {', '.join(behind)} is not at its head after the migration",
            state="What was migrated stays; the services keep running.",
            fix="platformctl migrate",
        )
    return Migrated(tuple(done))
