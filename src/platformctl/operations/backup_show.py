"""Show what one backup holds, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.operations import catalogue, drills
from platformctl.operations.backup_list import span
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Result
from platformctl.quantities import Bytes, Seconds


@dataclass(frozen=True, slots=True)
class Table:
    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A drill or a restore of it: `how` is which, `contract` how many rows of that were kept."""

    how: str
    at: str
    outcome: str
    seconds: Seconds
    contract: str
    why: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Sizes are in bytes; `drills` has the newest first."""

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
    drills: tuple[Proof, ...]
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
        suspicion=drills.suspicion(ctx, entry),
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
        drills=tuple(_proof(each) for each in drills.results(ctx, entry)),
        tables=tuple(Table(name, rows.count) for name, rows in sorted(made.proof.tables.items())),
        next_steps=(ctx.command(f"backup verify {made.id}"), ctx.command(f"restore {made.id}")),
    )


def _proof(result: Result) -> Proof:
    contract = result.contract
    return Proof(
        how=result.kind,
        at=result.time,
        outcome=result.outcome,
        seconds=round(sum(result.seconds.values()), 1),
        contract=f"{contract.passed} of {contract.asked}" if contract else "",
        why=result.why,
    )
