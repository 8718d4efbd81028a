"""Which backups there are: read from their manifests each time, so no index can be out of step with them."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from platformctl.errors import BackupError, PlatformError, PreconditionError, RestoreRefusedError
from platformctl.events import Notice
from platformctl.operations import drills, manifest
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest

MANIFEST = "manifest.json"
DATA = "data.pgc.zst.age"
FEW, AT_ONCE = 16, 16  # manifests that are read one by one, and at once when there are more
LARGEST = 64 * 1024 * 1024  # bytes of a manifest; anything bigger is none
UNUSABLE = ("backup/manifest", "backup/signature", "objects/missing")  # says what it holds: nothing to trust
T, R = TypeVar("T"), TypeVar("R")
ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder of the catalogue; `manifest` is None when `broken` says why.

    `error` is what kept the manifest from being read at all, which says nothing about what it holds.
    `results` are the keys of what drills and restores left, the newest first; drills.py reads them.
    """

    prefix: str
    id: str
    system_id: str
    manifest: Manifest | None
    broken: str = ""
    error: PlatformError | None = None
    results: tuple[str, ...] = ()

    @property
    def regular(self) -> Manifest | None:
        """The manifest of one that shows the moment it was made, not one that restore --at went back to."""
        return self.manifest if self.manifest and not self.manifest.recovered else None


def new_id(now: float) -> str:
    """Ids sort by time; the random part keeps two of the same second apart."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def root(ctx: Context) -> str:
    return f"{ctx.config.platform}/{ctx.environment}"


def prefix(ctx: Context, made: Manifest) -> str:
    """Where the objects of a backup of this environment lie."""
    return f"{root(ctx)}/{made.source.system_id}/{made.id}"


def entries(ctx: Context) -> tuple[Entry, ...]:
    """Everything that has a manifest, the newest first, of every database cluster this environment had."""
    folders = {each: keys for each, keys in _folders(ctx).items() if f"{each}/{MANIFEST}" in keys}
    trusted = ctx.backends.keys.trusted() if folders else frozenset()

    def read(prefix: str) -> Entry:
        return replace(_entry(ctx, prefix, trusted), results=drills.keys(prefix, folders[prefix]))

    found = at_once(read, tuple(folders))
    return tuple(each for _, each in sorted(_aged(found), key=lambda pair: pair[0], reverse=True))


def at_once(read: Callable[[T], R], wanted: Sequence[T]) -> list[R]:
    """The answers in their order; a bucket takes milliseconds for each object, whatever its size."""
    if len(wanted) <= FEW:
        return [read(each) for each in wanted]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(read, wanted))


def _aged(found: list[Entry]) -> Iterator[tuple[tuple[str, float, str], Entry]]:
    """Each with its age: sequence counts, and a clock that was ahead once makes no later backup older.

    One that cannot be read has only the second in its id, and may be the newest of it.
    """
    latest = ""
    for each in sorted(found, key=lambda entry: entry.manifest.sequence if entry.manifest else math.inf):
        second = each.id.partition("-")[0]
        if each.manifest is not None:
            second = latest = max(latest, second)
        yield (second, each.manifest.sequence if each.manifest else math.inf, each.id), each


def unpublished(ctx: Context, system_id: str) -> tuple[str, ...]:
    """Keys of backups of this cluster that were never finished: no manifest makes them one."""
    mine = f"{root(ctx)}/{system_id}/"
    orphans = [
        keys
        for prefix, keys in _folders(ctx).items()
        if prefix.startswith(mine) and f"{prefix}/{MANIFEST}" not in keys
    ]
    return tuple(sorted(key for keys in orphans for key in keys))


def sweep(ctx: Context, system_id: str) -> None:
    """For whoever holds the lock: what has no manifest then belongs to a run that is dead."""
    ctx.backends.objects.sweep(root(ctx))
    left = unpublished(ctx, system_id)
    told = f"removed {len(left)} files of a backup that was never finished, or deleted in part"
    try:
        for key in left:
            ctx.backends.objects.delete(key)
    except PreconditionError as error:
        if error.reference != "objects/auth":
            raise
        # who may write backups need not be one who may delete them
        told = f"files of a backup that was never finished stay ({len(left)}), because {error.message}"
    if left and not ctx.runner.rehearses:
        ctx.report(Notice(told))


def find(ctx: Context, wanted: str) -> Entry:
    """By id, or `latest`: the newest of the running cluster whose manifest is whole and not suspect."""
    known = entries(ctx)
    if wanted == "latest":
        mine = ctx.backends.database.server().system_id
        return _newest_good(ctx, [each for each in known if each.system_id == mine])
    return _by_id(ctx, known, wanted)


def _by_id(ctx: Context, known: Sequence[Entry], wanted: str) -> Entry:
    match = [each for each in known if each.id == wanted]
    if not match:
        raise RestoreRefusedError(
            f"there is no backup {wanted}",
            cause=f"{len(known)} backups are in {ctx.backends.objects.location()}",
            fix=ctx.command("backup list"),
            reference="backup/unknown",
        )
    return match[0]


def find_anywhere(ctx: Context, wanted: str) -> Entry:
    """By id, or `latest`: the newest good one of any database cluster, for where none runs yet."""
    known = entries(ctx)
    return _newest_good(ctx, known) if wanted == "latest" else _by_id(ctx, known, wanted)


def require_whole(ctx: Context, entry: Entry) -> Manifest:
    if entry.manifest is None:
        raise RestoreRefusedError(
            f"backup {entry.id} cannot be used",
            cause=entry.broken,
            fix=ctx.command("backup list"),
            reference="backup/manifest",
        )
    return entry.manifest


def newest_foreign(ctx: Context) -> str | None:
    """After a purge, what one wants back is in a backup of the former cluster, which `latest` never means."""
    mine = ctx.backends.database.server().system_id
    return next((each.id for each in entries(ctx) if each.system_id != mine and each.regular), None)


def newest(ctx: Context, known: Sequence[Entry]) -> Entry | None:
    """The newest that is whole and not suspect; what is passed over is told."""
    for entry in known:
        flaw = _flaw(ctx, entry)
        if not flaw:
            return entry
        if entry.error is not None:
            raise RestoreRefusedError(
                f"whether backup {entry.id} is the latest cannot be told: it could not be read",
                cause=entry.broken,
                fix=f"run the same command again, or choose one: {ctx.command('backup list')}",
                reference="backup/unread",
            ) from entry.error
        ctx.report(Notice(f"passed over backup {entry.id}, which is newer but {flaw}"))
    return None


def _newest_good(ctx: Context, known: Sequence[Entry]) -> Entry:
    found = newest(ctx, known)
    if found is not None:
        return found
    raise _none_good(ctx, known)


def where_the_key_belongs(ctx: Context) -> str:
    return f"put the key of the backups into {ctx.backends.keys.location()}, or name its file in backup.key"


def _none_good(ctx: Context, known: Sequence[Entry]) -> RestoreRefusedError:
    runs, keys = ctx.backends.cluster.running(), ctx.backends.keys
    other = newest_foreign(ctx) if runs else None
    if known:
        cause = f"of {len(known)}, none is good; the newest is {_flaw(ctx, known[0])}"
    else:
        cause = f"{ctx.backends.objects.location()} holds none"
    following = ctx.command("backup create" if runs else "backup list")
    if known and not keys.exist():
        following = where_the_key_belongs(ctx)
    elif other:
        cause += f"; the newest of another database cluster is {other}"
        following = ctx.command(f"restore {other} --into-foreign")
    return RestoreRefusedError(
        f"there is no backup of {root(ctx)} that could be restored",
        cause=cause,
        fix=following,
        reference="backup/none",
    )


def _flaw(ctx: Context, entry: Entry) -> str:
    if entry.manifest is None:
        return f"broken: {entry.broken}"
    if entry.manifest.recovered:
        return "of a moment that restore --at went back to, so it is restored only by its id"
    suspicion = drills.suspicion(ctx, entry)
    return f"suspect: {suspicion}" if suspicion else ""


def _folders(ctx: Context) -> dict[str, set[str]]:
    """The keys of each backup, whole or not, by its prefix; what else lies there is nobody's here."""
    found: dict[str, set[str]] = {}
    above = root(ctx)
    for each in ctx.backends.objects.list(above):
        system_id, _, rest = each.key.removeprefix(f"{above}/").partition("/")
        backup_id, _, name = rest.partition("/")
        if name and ID.fullmatch(backup_id):
            found.setdefault(f"{above}/{system_id}/{backup_id}", set()).add(each.key)
    return found


def _entry(ctx: Context, prefix: str, trusted: Collection[str]) -> Entry:
    _, system_id, backup_id = prefix.rsplit("/", 2)
    try:
        with ctx.backends.objects.reader(f"{prefix}/{MANIFEST}") as stream:
            read = manifest.parse(stream.read(LARGEST), trusted)
        _require_place(ctx, read, system_id, backup_id)
    except PlatformError as error:
        unread = None if error.reference in UNUSABLE else error
        return Entry(prefix, backup_id, system_id, None, f"{error.message}: {error.cause}", unread)
    return Entry(prefix, backup_id, system_id, read)


def _require_place(ctx: Context, read: Manifest, system_id: str, backup_id: str) -> None:
    """A whole manifest in a folder that is not its own was put there by hand."""
    says = (read.platform, read.environment, read.source.system_id, read.id)
    if says != (ctx.config.platform, ctx.environment, system_id, backup_id):
        raise BackupError(
            "the manifest belongs to another backup",
            cause=f"it says {'/'.join(says)}",
            fix=ctx.command("backup list"),
            reference="backup/manifest",
        )
