"""What runs and where, since when, in which version; reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from platformctl.backends.cluster.protocol import LockHolder, Process
from platformctl.errors import PlatformError
from platformctl.operations import catalogue
from platformctl.operations.context import Context
from platformctl.operations.restore_beside import Standing, databases_beside


@dataclass(frozen=True, slots=True)
class Row:
    """One process as it is shown."""

    name: str
    state: str
    ready: bool
    pid: int | None
    since: str
    release: str
    why: str


@dataclass(frozen=True, slots=True)
class Status:
    """`mode` is the gateway's; `releases` has more than one entry while a rollout is unfinished.

    `beside_live` are the databases that `restore --as` made.
    """

    platform: str
    environment: str
    state: str
    gateway: str
    mode: str
    releases: tuple[str, ...]
    processes: tuple[Row, ...]
    ports: Mapping[str, int]
    database: str
    beside_live: tuple[Standing, ...]
    last_backup: str
    lock: LockHolder | None
    next_steps: tuple[str, ...]


def status(ctx: Context) -> Status:
    cluster = ctx.backends.cluster
    exists, running = cluster.exists(), cluster.running()
    processes = cluster.processes() if exists else ()
    healthy = running and all(each.ready for each in processes)
    return Status(
        platform=ctx.config.platform,
        environment=ctx.environment,
        state=_state(exists, running, healthy),
        gateway=cluster.endpoints().gateway if running else "",
        mode=_mode(ctx) if running else "",
        releases=tuple(sorted({each.release for each in processes if each.release})),
        processes=tuple(map(_row, processes)),
        ports={name: port for name, port in cluster.ports().items() if name != "gateway_wanted"},
        database=_database(ctx) if running else "",
        beside_live=_beside(ctx) if running else (),
        last_backup=_last_backup(ctx),
        lock=cluster.lock_holder(),
        next_steps=(ctx.command(_next(running, healthy)),),
    )


def _row(process: Process) -> Row:
    return Row(
        name=process.name,
        state=process.state,
        ready=process.ready,
        pid=process.pid,
        since=shown(process.started) if process.started else "",
        release=process.release or "",
        why=process.why,
    )


def shown(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _state(exists: bool, running: bool, healthy: bool) -> str:
    if not exists:
        return "not made yet"
    if not running:
        return "stopped; its data is kept"
    return "runs" if healthy else "runs, but not all of it"


def _next(running: bool, healthy: bool) -> str:
    if not running:
        return "up"
    return "history" if healthy else "health"


def _mode(ctx: Context) -> str:
    try:
        return ctx.backends.cluster.gateway().mode
    except PlatformError as error:
        return f"unknown: {error.message}"


def _database(ctx: Context) -> str:
    try:
        return f"PostgreSQL {ctx.backends.database.server().version}"
    except PlatformError as error:
        return f"does not answer: {error.message}"


def _beside(ctx: Context) -> tuple[Standing, ...]:
    try:
        return databases_beside(ctx)
    except PlatformError:
        return ()  # `database` says why


def _last_backup(ctx: Context) -> str:
    """Only a manifest makes a backup, and one that cannot be read counts for nothing."""
    whole = [each.regular for each in catalogue.entries(ctx) if each.regular]
    return f"{whole[0].id} of {whole[0].time}" if whole else "none yet"
