"""Make a backup: everything of one moment, its data checked before its manifest makes it a backup."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from platformctl.backends.database.facts import Counter, Proof
from platformctl.backends.database.protocol import DatabaseInfo, Server, Snapshot
from platformctl.errors import BackupError, PlatformError, PreconditionError, UnhealthyError
from platformctl.events import Narrated, Notice, step
from platformctl.operations import (
    archive,
    backup_history,
    backup_metrics,
    backup_source,
    catalogue,
    drills,
    manifest,
    point_in_time,
    prediction,
)
from platformctl.operations.catalogue import Entry
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.manifest import Manifest, Source, Timings
from platformctl.operations.restore_preflight import require_server
from platformctl.quantities import Bytes, BytesPerSecond, Seconds
from platformctl.version import VERSION


@dataclass(frozen=True, slots=True)
class BackedUp:
    """`size` and `database_size` are in bytes, `rate` in bytes of the database a second.

    `level` is checked or suspect, and `suspicion` says why; `key` is where the key that opens it lies.
    `predicted_restore` is None until a drill or a restore was made.
    """

    id: str
    taken_at: str
    size: Bytes
    database_size: Bytes
    seconds: Seconds
    rate: BytesPerSecond
    predicted_restore: Seconds | None
    tables: int
    rows: int
    level: str
    suspicion: str
    location: str
    key: str
    next_steps: tuple[str, ...]


def create(ctx: Context, accept: Collection[str] = ()) -> BackedUp | None:
    """`accept` names what speaks against the backup and is right nevertheless: clock, size.

    Raises UnhealthyError (exit 5) when the backup was made and is suspect.
    """
    without_base = None
    with locked(ctx, "backup create"):
        made = make(ctx, accept)
        backup_metrics.write(ctx)
        try:
            point_in_time.back_up(ctx)
        except PlatformError as error:  # the backup itself stands, and is told of first
            without_base = error
            without_base.data = made
    if made is not None and made.suspicion:
        raise UnhealthyError(
            f"backup {made.id} is suspect",
            cause=made.suspicion,
            state="It is stored and was read again; latest passes over it, and retention does not count it.",
            fix=f"look at the database; if all is right: {ctx.command('backup create --accept size')}",
            reference="backup/suspect",
            data=made,
        )
    if without_base is not None:
        raise without_base
    if made is not None and made.predicted_restore is None:
        words = f"how long a restore takes is unknown until one is made, or {ctx.command('backup drill')}"
        ctx.report(Notice(words))
    return made


def make(ctx: Context, accept: Collection[str] = (), shows: float | None = None) -> BackedUp | None:
    """For whoever holds the environment's lock already; answers None in a rehearsal.

    `shows` is the moment of a database that was recovered from the write-ahead log.
    """
    begun = ctx.clock.elapsed()
    server = require_server(ctx)
    known = catalogue.entries(ctx)
    _prepare_keys(ctx, known)
    catalogue.sweep(ctx, server.system_id)
    if ctx.runner.rehearses:
        ctx.report(
            Narrated(f"write a backup of {ctx.backends.database.name} to {ctx.backends.objects.location()}")
        )
        return None
    backup_source.require_memory(ctx)
    with backup_source.read(ctx), ctx.backends.database.snapshot() as snapshot:
        snapshot = snapshot if shows is None else replace(snapshot, taken_at=shows)
        history = backup_history.before(known, server.system_id)
        backup_history.require_clock(ctx, history, snapshot.taken_at, accepted="clock" in accept)
        made = _contents(ctx, server, snapshot, known).model_copy(update={"recovered": shows is not None})
    if "size" not in accept:
        made = made.model_copy(update={"suspect": backup_history.suspicion(history, made.proof)})
    made = _checked(ctx, made)
    _publish(ctx, made)
    predicted = prediction.predict(drills.of(made), drills.newest(ctx, known))
    return _told(ctx, made, ctx.clock.elapsed() - begun, predicted)


def _prepare_keys(ctx: Context, known: Sequence[Entry]) -> None:
    """A new key beside backups that it does not open would hide that the old one is lost."""
    keys = ctx.backends.keys
    if known and not keys.exist():
        raise PreconditionError(
            "the key of the backups is not there",
            cause=f"{keys.location()} does not exist, and {len(known)} backups were made with it",
            fix="put the key back there, or name its file in backup.key",
            reference="keys/missing",
        )
    if keys.make() and not ctx.runner.rehearses:
        ctx.report(Notice(f"keep a copy of {keys.location()} elsewhere: without it no backup can be read"))


def _contents(ctx: Context, server: Server, snapshot: Snapshot, known: Sequence[Entry]) -> Manifest:
    database = ctx.backends.database
    backup_id = catalogue.new_id(ctx.clock.now())
    begun = ctx.clock.elapsed()
    with step(ctx.report, "read the proof") as current:
        proof = database.proof(database.name, snapshot)
        current.detail = f"{len(proof.tables)} tables"
    proven = ctx.clock.elapsed()
    with step(ctx.report, "dump the database") as current:
        data = archive.write(ctx, f"{catalogue.root(ctx)}/{server.system_id}/{backup_id}", snapshot)
        current.detail = f"{data.plain_size:,} bytes, {data.size:,} compressed and encrypted"
    return Manifest(
        format=manifest.FORMAT,
        id=backup_id,
        sequence=backup_history.next_sequence(known),
        platform=ctx.config.platform,
        environment=ctx.environment,
        taken_at=snapshot.taken_at,
        made_with=VERSION,
        source=_source(ctx, server),
        recipients=tuple(ctx.backends.keys.recipients()),
        data=data,
        timings=Timings(proof=proven - begun, dump=ctx.clock.elapsed() - proven, check=0.0),
        properties=database.properties(database.name, snapshot),
        proof=_span(proof, database.sequences(database.name)),
    )


def _checked(ctx: Context, made: Manifest) -> Manifest:
    begun = ctx.clock.elapsed()
    with step(ctx.report, "read the backup again") as current:
        archive.decode(ctx, catalogue.prefix(ctx, made), made.data)
        current.detail = "whole"
    timings = made.timings.model_copy(update={"check": ctx.clock.elapsed() - begun})
    return made.model_copy(update={"timings": timings})


def _span(proof: Proof, later: dict[str, Counter]) -> Proof:
    """Sequences belong to no snapshot: the dump holds a value between the readings before and after it."""
    spans = {
        name: counter.model_copy(update={"after": later[name].after}) if name in later else counter
        for name, counter in proof.sequences.items()
    }
    return proof.model_copy(update={"sequences": spans})


def _source(ctx: Context, server: Server) -> Source:
    live: DatabaseInfo = next(
        each for each in ctx.backends.database.databases() if each.name == ctx.backends.database.name
    )
    return Source(
        system_id=server.system_id,
        major=server.major,
        version=server.version,
        name=live.name,
        size=live.size,
    )


def _publish(ctx: Context, made: Manifest) -> None:
    raw = manifest.render(made, ctx.backends.keys.sign)
    key = f"{catalogue.prefix(ctx, made)}/{catalogue.MANIFEST}"
    with ctx.backends.objects.writer(key) as target:
        target.write(raw)
    with ctx.backends.objects.reader(key) as source:
        if source.read(len(raw) + 1) == raw:
            return
    raise BackupError(
        "the manifest reads back differently from what was written",
        state=f"Backup {made.id} exists and will be listed as broken.",
        fix=ctx.command("backup create"),
        reference="backup/manifest",
    )


def _told(ctx: Context, made: Manifest, seconds: float, predicted: float | None) -> BackedUp:
    following = "backup show" if made.suspect else "restore"
    return BackedUp(
        id=made.id,
        taken_at=made.time,
        size=made.data.size,
        database_size=made.source.size,
        seconds=round(seconds, 2),
        rate=round(made.source.size / seconds) if seconds else 0,
        predicted_restore=predicted,
        tables=len(made.proof.tables),
        rows=made.rows,
        level="suspect" if made.suspect else "checked",
        suspicion=made.suspect,
        location=f"{ctx.backends.objects.location()}/{catalogue.prefix(ctx, made)}",
        key=ctx.backends.keys.location(),
        next_steps=(ctx.command("backup list"), ctx.command(f"{following} {made.id}")),
    )
