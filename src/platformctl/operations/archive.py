"""The stored data of a backup: written once, and read back against the hashes that its manifest names."""

from __future__ import annotations

from typing import BinaryIO

from platformctl.backends.database.protocol import Snapshot
from platformctl.backends.objects import packing
from platformctl.errors import BackupError, CallError, CommandError
from platformctl.operations.catalogue import DATA, Entry
from platformctl.operations.context import Context
from platformctl.operations.manifest import Part


def write(ctx: Context, prefix: str, snapshot: Snapshot) -> Part:
    with (
        ctx.backends.objects.writer(f"{prefix}/{DATA}") as target,
        ctx.backends.database.dump(snapshot) as source,
    ):
        packed = packing.pack(source, target, ctx.backends.keys.recipients())
    return Part(
        name=DATA,
        size=packed.size,
        sha256=packed.sha256,
        plain_size=packed.plain_size,
        plain_sha256=packed.plain_sha256,
    )


def copy(ctx: Context, prefix: str, part: Part, target: BinaryIO | None) -> None:
    """Open into `target` and compare both sides with `part`; raises BackupError when they differ."""
    with ctx.backends.objects.reader(f"{prefix}/{part.name}") as source:
        found = packing.unpack(source, target, ctx.backends.keys.identities())
    _require(ctx, part, Part(name=part.name, **{name: getattr(found, name) for name in found.__slots__}))


def require_whole(ctx: Context, prefix: str, part: Part) -> None:
    """Read the object and compare size and hash, without opening it."""
    with ctx.backends.objects.reader(f"{prefix}/{part.name}") as source:
        size, sha256 = packing.digest(source)
    _require(ctx, part, part.model_copy(update={"size": size, "sha256": sha256}))


def decode(ctx: Context, prefix: str, part: Part) -> None:
    """Read the stored object to its end, as a restore would: hash, encryption, compression and format."""
    require_whole(ctx, prefix, part)
    with ctx.backends.database.decode() as target:
        copy(ctx, prefix, part, target)


def check(ctx: Context, entry: Entry) -> str:
    """What keeps the backup from being restored, '' when nothing does."""
    if entry.manifest is None:
        return entry.broken
    try:
        decode(ctx, entry.prefix, entry.manifest.data)
    except (BackupError, CallError, CommandError) as error:
        return f"{error.message}: {error.cause}" if error.cause else error.message
    return ""


def _require(ctx: Context, expected: Part, found: Part) -> None:
    if expected == found:
        return
    size = (
        f"{found.size:,} bytes instead of {expected.size:,}" if found.size != expected.size else "other bytes"
    )
    raise BackupError(
        "the stored data is not what was backed up",
        cause=f"{expected.name} has {size} (SHA-256 {found.sha256[:16]}…, expected {expected.sha256[:16]}…)",
        state="The live database was not touched.",
        fix=ctx.command("backup verify --all"),
        reference="backup/damaged",
    )
