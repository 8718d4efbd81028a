"""Connections to PostgreSQL: how many it grants, and how many a configuration may take at once."""

from __future__ import annotations

from platformctl.config.schema import PlatformConfig

# PostgreSQL would have to be restarted for another number.
GRANTED = 520
# Migrations, backups, checks, and people who look.
RESERVED = 40


def needed(config: PlatformConfig) -> int:
    """Every process with its whole pool, and of each service one more, which takes the place of another."""
    processes = sum(each.replicas + 1 for name, each in config.services.items() if name != "gateway")
    return processes * config.database.connections + RESERVED
