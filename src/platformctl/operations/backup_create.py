"""Make a backup: everything of one moment, its data checked before its manifest makes it a backup."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.database.facts import Counter, Proof
from platformctl.backends.database.protocol import DatabaseInfo, Server
from platformctl.errors import BackupError, PreconditionError
from platformctl.events import Narrated, step
from platformctl.operations import archive, catalogue, manifest
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.manifest import Manifest, Source
from platformctl.quantities import Bytes, BytesPerSecond, Seconds
from platformctl.version import VERSION


@dataclass(frozen=True, slots=True)
class BackedUp:
    """`size` and `database_size` are in bytes, `rate` in bytes of the database a second."""

    id: str
    taken_at: str
    size: Bytes
    database_size: Bytes
    seconds: Seconds
    rate: BytesPerSecond
    tables: int
    rows: int
    level: str
    location: str
    next_steps: tuple[str, ...]


def create(ctx: Context) -> BackedUp | None:
    with locked(ctx, "backup create"):
        return make(ctx)


def make(ctx: Context) -> BackedUp | None:
    """For whoever holds the environment's lock already; answers None in a rehearsal."""
    begun = ctx.clock.elapsed()
    server = _server(ctx)
    catalogue.sweep(ctx, server.system_id)
    if ctx.runner.rehearses:
        ctx.report(
            Narrated(f"write a backup of {ctx.backends.database.name} to {ctx.backends.objects.location()}")
        )
        return None
    backup_id = catalogue.new_id(ctx.clock.now())
    prefix = f"{catalogue.root(ctx)}/{server.system_id}/{backup_id}"
    made = _contents(ctx, prefix, server)
    with step(ctx.report, "read the backup again") as current:
        archive.decode(ctx, prefix, made.data)
        current.detail = "whole"
    _publish(ctx, prefix, made)
    return _told(ctx, made, prefix, ctx.clock.elapsed() - begun)


def _server(ctx: Context) -> Server:
    database = ctx.backends.database
    if not ctx.backends.cluster.running() or not database.answers():
        raise PreconditionError(
            "the database does not run, so there is nothing to read from", fix=ctx.command("up")
        )
    return database.server()


def _contents(ctx: Context, prefix: str, server: Server) -> Manifest:
    database = ctx.backends.database
    with database.snapshot() as snapshot:
        with step(ctx.report, "read the proof") as current:
            proof = database.proof(database.name, snapshot)
            current.detail = f"{len(proof.tables)} tables"
        with step(ctx.report, "dump the database") as current:
            data = archive.write(ctx, prefix, snapshot)
            current.detail = f"{data.plain_size:,} bytes, {data.size:,} compressed"
        properties = database.properties(database.name, snapshot)
    spanned = _span(proof, database.sequences(database.name))
    return Manifest(
        format=manifest.FORMAT,
        id=prefix.rpartition("/")[2],
        platform=ctx.config.platform,
        environment=ctx.environment,
        taken_at=snapshot.taken_at,
        made_with=VERSION,
        source=_source(ctx, server),
        data=data,
        properties=properties,
        proof=spanned,
    )


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


def _publish(ctx: Context, prefix: str, made: Manifest) -> None:
    raw = manifest.render(made)
    key = f"{prefix}/{catalogue.MANIFEST}"
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


def _told(ctx: Context, made: Manifest, prefix: str, seconds: float) -> BackedUp:
    return BackedUp(
        id=made.id,
        taken_at=made.time,
        size=made.data.size,
        database_size=made.source.size,
        seconds=round(seconds, 2),
        rate=round(made.source.size / seconds) if seconds else 0,
        tables=len(made.proof.tables),
        rows=made.rows,
        level="checked",
        location=f"{ctx.backends.objects.location()}/{prefix}",
        next_steps=(ctx.command("backup list"), ctx.command(f"restore {made.id}")),
    )
