"""Which programs supervisord looks after on the embedded target, and by which command each runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from platformctl.backends.cluster.layout import Layout
from platformctl.config import budget
from platformctl.config.schema import MOST_REPLICAS, SERVICES, PlatformConfig
from platformctl.tools import postgres
from platformctl.tools.supervisord import Program

LAUNCH = "platformctl.backends.cluster.launch"
SPARE = 3  # seconds beyond draining before a process is killed


def programs(layout: Layout, config: PlatformConfig, listening: Mapping[str, int]) -> list[Program]:
    """PostgreSQL stops last and the gateway first.

    Each service has as many copies as it may ever have, of which a rollout starts those that are wanted:
    supervisord can change a group only by ending all of it.
    """
    patience = config.drain_seconds + SPARE
    services = [
        Program(
            name=service,
            argv=(sys.executable, "-m", LAUNCH, str(layout.root), service, "{number}"),
            rank=30 if service == "gateway" else 20,
            patience=patience,
            port=listening[service],
            copies=MOST_REPLICAS,
        )
        for service in SERVICES
    ]
    return [_postgres(layout, config, listening["postgres"]), *services]


def _postgres(layout: Layout, config: PlatformConfig, port: int) -> Program:
    version = config.database.version
    archive = layout.archive if config.backup.point_in_time else None
    instance = postgres.Instance(layout.postgres, layout.sockets, port, version, budget.GRANTED, archive)
    return Program("postgres", postgres.server(instance).argv, rank=10, patience=60, stop_signal="INT")
