"""What a monitoring system should know of the backups, as a file for node_exporter's textfile collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from platformctl.errors import PlatformError
from platformctl.events import Notice
from platformctl.operations import catalogue, drills
from platformctl.operations.catalogue import Entry
from platformctl.operations.context import Context
from platformctl.shell import files

PREFIX = "platformctl_backup"
STATES = ("proven", "whole", "suspect", "broken")
GOOD = STATES[:2]


def write(ctx: Context) -> None:
    """To the file that backup.metrics names, if it does; that it could not be written fails nothing else."""
    chosen = ctx.config.backup.metrics
    if chosen is None:
        return
    try:
        text = render(ctx, catalogue.entries(ctx))
        ctx.runner.call(
            f"write the metrics of backups to {chosen}",
            lambda: files.write_whole(Path(chosen), text, mode=0o644),
            mutates=True,
        )
    except PlatformError as error:
        ctx.report(Notice(f"the metrics were not written: {error.message}"))


def render(ctx: Context, known: Sequence[Entry]) -> bytes:
    """Gauges in Prometheus' text format; a time is in seconds since the epoch, a size in bytes."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    labels = {"platform": ctx.config.platform, "environment": ctx.environment}

    def gauge(name: str, about: str, value: float, **more: str) -> None:
        every = labels | more
        found = made.get(name) or Gauge(f"{PREFIX}_{name}", about, list(every), registry=registry)
        made[name] = found
        found.labels(**every).set(value)

    made: dict[str, Gauge] = {}
    states = [_state(ctx, each) for each in known]
    counted = Counter(states)
    for state in STATES:
        gauge("count", "Backups in the catalogue.", counted[state], state=state)
    paired = [(each.regular, state) for each, state in zip(known, states, strict=True) if each.regular]
    good = next((each for each, state in paired if state in GOOD), None)
    proven = next((each for each, state in paired if state == "proven"), None)
    if good is not None:
        seconds = good.timings.proof + good.timings.dump + good.timings.check
        gauge(
            "last_success_timestamp_seconds", "The moment that the newest good backup shows.", good.taken_at
        )
        gauge("size_bytes", "What the newest good backup takes where it is stored.", good.data.size)
        gauge("database_size_bytes", "What the database took when it was backed up.", good.source.size)
        gauge("duration_seconds", "How long the newest good backup took to make and check.", seconds)
    if proven is not None:
        about = "The moment that the newest backup shows which a drill or a restore proved."
        gauge("last_proven_timestamp_seconds", about, proven.taken_at)
    return generate_latest(registry)


def _state(ctx: Context, entry: Entry) -> str:
    if entry.manifest is None:
        return "broken"
    if drills.suspicion(ctx, entry):
        return "suspect"
    return "proven" if drills.standing(ctx, entry).proven else "whole"
