"""Show what one backup holds, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.operations import catalogue
from platformctl.operations.backup_list import span
from platformctl.operations.context import Context
from platformctl.quantities import Bytes


@dataclass(frozen=True, slots=True)
class Table:
    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Sizes are in bytes."""

    id: str
    taken_at: str
    age: str
    postgresql: str
    cluster: str
    suspicion: str
    recipients: tuple[str, ...]
    database_size: Bytes
    size: Bytes
    sha256: str
    owner: str
    roles: tuple[str, ...]
    extensions: tuple[str, ...]
    sequences: int
    large_objects: int
    made_with: str
    tables: tuple[Table, ...]
    next_steps: tuple[str, ...]


def show(ctx: Context, backup: str) -> Shown:
    entry = catalogue.find(ctx, backup)
    made = catalogue.require_whole(ctx, entry)
    return Shown(
        id=made.id,
        taken_at=made.time,
        age=span(ctx.clock.now() - made.taken_at),
        postgresql=made.source.version,
        cluster=made.source.system_id,
        suspicion=made.suspect,
        recipients=made.recipients,
        database_size=made.source.size,
        size=made.data.size,
        sha256=made.data.sha256,
        owner=made.properties.owner,
        roles=made.properties.roles,
        extensions=tuple(f"{each.name} {each.version}" for each in made.properties.extensions),
        sequences=len(made.proof.sequences),
        large_objects=made.proof.large_objects.count,
        made_with=made.made_with,
        tables=tuple(Table(name, rows.count) for name, rows in sorted(made.proof.tables.items())),
        next_steps=(ctx.command(f"backup verify {made.id}"), ctx.command(f"restore {made.id}")),
    )
