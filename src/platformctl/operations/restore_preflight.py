"""What must hold before a restore may write anything: the backup, and the server that is to take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches

from platformctl.backends.cluster.protocol import Release
from platformctl.backends.database import facts, marks
from platformctl.backends.database.contents import Selection
from platformctl.backends.database.facts import Proof
from platformctl.backends.database.protocol import DatabaseInfo, Server
from platformctl.errors import DatabaseError, PlatformError, PreconditionError, RestoreRefusedError
from platformctl.events import Notice
from platformctl.operations import archive, catalogue
from platformctl.operations.catalogue import Entry
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest

SLACK = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """A backup that may be restored, and the names that the two databases get.

    `release` has the migrations for it; None means the one that runs. Without a `selection` all is loaded.
    """

    entry: Entry
    manifest: Manifest
    copy: str
    kept: str
    missing_roles: tuple[str, ...]
    release: Release | None = None
    selection: Selection | None = None

    @property
    def proof(self) -> Proof:
        """What the copy has to hold."""
        proof = self.manifest.proof
        return proof if self.selection is None else facts.only(proof, self.selection.tables)


def preflight(
    ctx: Context, backup: str, *, into_foreign: bool, switches: bool = True, tables: Sequence[str] = ()
) -> Plan:
    """Reads only. Raises RestoreRefusedError; the live database was not touched then.

    What holds on to the live database matters only where it `switches`. Of `tables`, none may be unknown.
    """
    require_server(ctx)
    entry = catalogue.find(ctx, backup)
    manifest = catalogue.require_whole(ctx, entry)
    _require_tables(ctx, manifest, tables)
    name = live(ctx).name
    require_key(ctx, manifest)
    _require_server_fits(ctx, manifest, into_foreign=into_foreign)
    missing = _require_surroundings(ctx, manifest)
    if switches:
        require_free(ctx)
    _require_room(ctx, manifest)
    try:  # what is signed as this hash was decoded to its end when it was made
        archive.require_whole(ctx, entry.prefix, manifest.data)
    except PlatformError as error:
        raise _refused(
            manifest, error.reference, error.message, error.cause, ctx.command("backup verify --all")
        ) from error
    run = ctx.audit.run_id
    return Plan(entry, manifest, marks.copy_name(name, run), marks.kept_name(name, run), missing)


def require_server(ctx: Context) -> Server:
    """It runs, lets us in, and is of the major version of the programs that it is asked with."""
    if ctx.backends.cluster.running():
        with suppress(DatabaseError):
            server = ctx.backends.database.server()
            ctx.backends.database.check()
            return server
    raise PreconditionError("the database does not run", fix=ctx.command("up"), reference="database/down")


def live(ctx: Context) -> DatabaseInfo:
    database = ctx.backends.database
    for each in database.databases():
        if each.name == database.name:
            return each
    raise PreconditionError(
        f"the server has no database {database.name}",
        cause="it was dropped or renamed by somebody else",
        fix=f"{ctx.command('up')}, which makes it again, then restore",
        reference="database/gone",
    )


def require_free(ctx: Context) -> None:
    """What holds on to the live database by its name, or would be lost with it."""
    statements = ctx.backends.database.obstacles()
    if statements:
        raise RestoreRefusedError(
            "the live database cannot be switched while other things of the server hold on to it",
            cause=f"{len(statements)} prepared transactions, replication slots or subscriptions of it exist",
            evidence=statements,
            fix=f"end them in database {ctx.backends.database.name}: {' '.join(statements)} "
            "then the same command again",
            reference="restore/obstacles",
        )


def require_key(ctx: Context, manifest: Manifest) -> None:
    """A recipient's name is its public key, so it tells whether our key fits before anything is read."""
    keys = ctx.backends.keys
    mine = keys.opens() if keys.exist() else ()
    if set(manifest.recipients).isdisjoint(mine):
        raise _refused(
            manifest,
            "backup/key",
            "no key that is here opens it",
            f"it is encrypted to {', '.join(manifest.recipients)}; {keys.location()} opens "
            f"{', '.join(mine) or 'nothing'}",
            f"put a key of those recipients into {keys.location()}, or name its file in backup.key; "
            f"then {ctx.command(f'restore {manifest.id}')}",
        )


def require_version(manifest: Manifest, major: int) -> None:
    """`major` is that of the server which is to take the backup."""
    made_by = manifest.source.major
    if major != made_by:
        raise _refused(
            manifest,
            "restore/version",
            f"it was made by PostgreSQL {made_by}, the server here is {major}",
            "a dump is loaded only into the major version that made it",
            f"set database.version to {made_by} where there is no environment yet (another machine, or after "
            f"platformctl down --purge), then platformctl restore {manifest.id}",
        )


def _require_server_fits(ctx: Context, manifest: Manifest, *, into_foreign: bool) -> None:
    server, source = ctx.backends.database.server(), manifest.source
    require_version(manifest, server.major)
    if server.system_id != source.system_id and not into_foreign:
        raise _refused(
            manifest,
            "restore/foreign",
            "it was made from another database cluster",
            f"it names cluster {source.system_id}, this one is {server.system_id}",
            ctx.command(f"restore {manifest.id} --into-foreign"),
        )


def _require_surroundings(ctx: Context, manifest: Manifest) -> tuple[str, ...]:
    """Answers the roles that are missing and can be made: those whose passwords the secret store has."""
    wanted, database = manifest.properties, ctx.backends.database
    roles = database.roles()
    missing = [name for name in wanted.roles if name not in roles]
    unknown = [name for name in missing if ctx.backends.secrets.get(f"{name}/DATABASE_PASSWORD") is None]
    if unknown:
        statements = " ".join(f'CREATE ROLE "{name}";' for name in unknown)
        raise _refused(
            manifest,
            "restore/roles",
            "roles that it needs are missing",
            ", ".join(unknown),
            f"as superuser: {statements} then {ctx.command(f'restore {manifest.id}')}",
        )
    lacking = [f"{each.name} {each.version}" for each in set(wanted.extensions) - database.extensions()]
    if lacking:
        raise _refused(
            manifest,
            "restore/extensions",
            "extensions that it needs are missing",
            ", ".join(sorted(lacking)),
            f"install them for this server, then {ctx.command(f'restore {manifest.id}')}",
        )
    locales = {wanted.collate, wanted.ctype} - database.locales()
    if locales:
        raise _refused(
            manifest,
            "restore/locale",
            "its locale is missing here",
            ", ".join(sorted(locales)),
            "install it (locale-gen); as superuser: SELECT pg_import_system_collations('pg_catalog'); "
            f"then {ctx.command(f'restore {manifest.id}')}",
        )
    _tell_other_rights(ctx, manifest, roles)
    return tuple(missing)


def _tell_other_rights(ctx: Context, manifest: Manifest, found: Mapping[str, Sequence[str]]) -> None:
    """Roles are the whole server's: a restore of one database compares them and alters none."""
    for name, wanted in (manifest.properties.role_attributes or {}).items():
        if name in found and set(found[name]) != set(wanted):
            now, then = (" ".join(each) or "nothing" for each in (found[name], wanted))
            ctx.report(Notice(f"role {name} may {now} now, {then} in the backup; it stays as it is"))


def _require_tables(ctx: Context, manifest: Manifest, tables: Sequence[str]) -> None:
    known = manifest.proof.tables
    for each in tables:
        if each not in known:
            near = get_close_matches(each, known, n=3, cutoff=0.5)
            raise _refused(
                manifest,
                "restore/table",
                f"it has no table {each}",
                f"the nearest names are {', '.join(near)}" if near else f"it has {len(known)} tables",
                ctx.command(f"backup show {manifest.id}"),
            )


def _require_room(ctx: Context, manifest: Manifest) -> None:
    """The copy lies beside the live database, and loading it writes about as much log again."""
    ctx.backends.database.require_room(2 * manifest.source.size + SLACK, f"restoring backup {manifest.id}")


def _refused(manifest: Manifest, reference: str, why: str, cause: str, fix: str) -> RestoreRefusedError:
    return RestoreRefusedError(
        f"backup {manifest.id} is not restored: {why}", cause=cause, fix=fix, reference=reference
    )
