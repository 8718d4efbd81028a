"""Which programs supervisord looks after on the embedded target, and by which command each runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from platformctl.backends.cluster.layout import Layout
from platformctl.config.schema import SERVICES, PlatformConfig
from platformctl.tools import postgres
from platformctl.tools.supervisord import Program

LAUNCH = "platformctl.backends.cluster.launch"
SPARE = 3  # seconds beyond draining before a process is killed


def programs(layout: Layout, config: PlatformConfig, listening: Mapping[str, int]) -> list[Program]:
    """PostgreSQL stops last and the gateway first."""
    patience = config.drain_seconds + SPARE
    services = [
        Program(
            name=service,
            argv=(sys.executable, "-m", LAUNCH, str(layout.root), service, "{number}"),
            rank=30 if service == "gateway" else 20,
            patience=patience,
            port=listening[service],
            copies=config.services[service].replicas,
        )
        for service in SERVICES
    ]
    return [_postgres(layout, config, listening["postgres"]), *services]


def connections(config: PlatformConfig) -> int:
    """Every pool, twice for the moment in which a process is replaced, and some for backups and people."""
    processes = sum(each.replicas for name, each in config.services.items() if name != "gateway")
    pooled = processes * config.database.connections
    return max(100, 2 * pooled + 20)


def _postgres(layout: Layout, config: PlatformConfig, port: int) -> Program:
    version, most = config.database.version, connections(config)
    instance = postgres.Instance(layout.postgres, layout.sockets, port, version, most)
    return Program("postgres", postgres.server(instance).argv, rank=10, patience=60, stop_signal="INT")
