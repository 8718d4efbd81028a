"""Stored backups as tests look at them, and change them as somebody with access could."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from platformctl.operations import manifest
from platformctl.operations.catalogue import DATA, MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest

NAMES = (DATA, MANIFEST)


def stored(ctx: Context) -> list[Path]:
    return sorted(each for each in Path(ctx.backends.objects.location()).rglob("*") if each.is_file())


def file_of(ctx: Context, backup: str, name: str) -> Path:
    return next(Path(ctx.backends.objects.location()).rglob(f"{backup}/{name}"))


def read(ctx: Context, path: Path) -> Manifest:
    return manifest.parse(path.read_bytes(), ctx.backends.keys.trusted())


def write(ctx: Context, path: Path, made: Manifest) -> None:
    """With the key of the environment, as whoever has its state could."""
    path.write_bytes(manifest.render(made, ctx.backends.keys.sign))


def edit(ctx: Context, backup: str, change: Callable[[Manifest], Manifest]) -> None:
    path = file_of(ctx, backup, MANIFEST)
    write(ctx, path, change(read(ctx, path)))
