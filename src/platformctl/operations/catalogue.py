"""Which backups there are: read from their manifests each time, so no index can be out of step with them."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from platformctl.errors import BackupError, PlatformError, RestoreRefusedError
from platformctl.events import Notice
from platformctl.operations import manifest
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest

MANIFEST = "manifest.json"
DATA = "data.pgc.zst"
LARGEST = 64 * 1024 * 1024  # bytes of a manifest; anything bigger is none
ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder of the catalogue; `manifest` is None when `broken` says why.

    `error` is what kept the manifest from being read at all, which says nothing about what it holds.
    """

    prefix: str
    id: str
    system_id: str
    manifest: Manifest | None
    broken: str = ""
    error: PlatformError | None = None


def new_id(now: float) -> str:
    """Ids sort by time; the random part keeps two of the same second apart."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def root(ctx: Context) -> str:
    return f"{ctx.config.platform}/{ctx.environment}"


def entries(ctx: Context) -> tuple[Entry, ...]:
    """Everything that has a manifest, the newest first, of every database cluster this environment had."""
    found = [_entry(ctx, prefix) for prefix in _folders(ctx) if f"{prefix}/{MANIFEST}" in _keys(ctx, prefix)]
    return tuple(sorted(found, key=_age, reverse=True))


def _age(entry: Entry) -> tuple[str, float, str]:
    """Ids tell the second; within it only manifests know, and one that cannot be read may be the newest."""
    return entry.id.partition("-")[0], entry.manifest.taken_at if entry.manifest else math.inf, entry.id


def unpublished(ctx: Context, system_id: str) -> tuple[str, ...]:
    """Keys of backups of this cluster that were never finished: no manifest makes them one."""
    mine = [each for each in _folders(ctx) if each.startswith(f"{root(ctx)}/{system_id}/")]
    orphans = [_keys(ctx, each) for each in mine if f"{each}/{MANIFEST}" not in _keys(ctx, each)]
    return tuple(sorted(key for keys in orphans for key in keys))


def sweep(ctx: Context, system_id: str) -> None:
    """For whoever holds the lock: what has no manifest then belongs to a run that is dead."""
    ctx.backends.objects.sweep(root(ctx))
    left = unpublished(ctx, system_id)
    for key in left:
        ctx.backends.objects.delete(key)
    if left and not ctx.runner.rehearses:
        ctx.report(
            Notice(f"removed {len(left)} files of a backup that was never finished, or deleted in part")
        )


def find(ctx: Context, wanted: str) -> Entry:
    """By id, or `latest`: the newest of the running cluster whose manifest is whole."""
    known = entries(ctx)
    if wanted == "latest":
        return _latest(ctx, known)
    match = [each for each in known if each.id == wanted]
    if not match:
        raise RestoreRefusedError(
            f"there is no backup {wanted}",
            cause=f"{len(known)} backups are in {ctx.backends.objects.location()}",
            fix=ctx.command("backup list"),
            reference="backup/unknown",
        )
    return match[0]


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
    others = (each.id for each in entries(ctx) if each.system_id != mine and each.manifest is not None)
    return next(others, None)


def _latest(ctx: Context, known: tuple[Entry, ...]) -> Entry:
    mine = ctx.backends.database.server().system_id
    for entry in [each for each in known if each.system_id == mine]:
        if entry.manifest is not None:
            return entry
        if entry.error is not None:
            raise RestoreRefusedError(
                f"whether backup {entry.id} is the latest cannot be told: it could not be read",
                cause=entry.broken,
                fix=f"run the same command again, or choose one: {ctx.command('backup list')}",
                reference="backup/unread",
            ) from entry.error
        ctx.report(Notice(f"passed over backup {entry.id}, which is newer but broken: {entry.broken}"))
    other = newest_foreign(ctx)
    raise RestoreRefusedError(
        "there is no backup of this database cluster that could be restored",
        cause=f"the newest of another cluster of this environment is {other}" if other else "there is none",
        fix=ctx.command(f"restore {other} --into-foreign" if other else "backup create"),
        reference="backup/none",
    )


def _folders(ctx: Context) -> Iterator[str]:
    seen = set()
    for each in ctx.backends.objects.list(root(ctx)):
        prefix, _, _ = each.key.rpartition("/")
        if ID.fullmatch(prefix.rpartition("/")[2]) and prefix not in seen:
            seen.add(prefix)
            yield prefix


def _keys(ctx: Context, prefix: str) -> frozenset[str]:
    return frozenset(each.key for each in ctx.backends.objects.list(prefix))


def _entry(ctx: Context, prefix: str) -> Entry:
    _, system_id, backup_id = prefix.rsplit("/", 2)
    try:
        with ctx.backends.objects.reader(f"{prefix}/{MANIFEST}") as stream:
            read = manifest.parse(stream.read(LARGEST))
        _require_place(ctx, read, system_id, backup_id)
    except PlatformError as error:
        unread = None if error.reference in ("backup/manifest", "objects/missing") else error
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
