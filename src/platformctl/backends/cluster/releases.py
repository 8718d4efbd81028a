"""Releases on disk: content-addressed copies of the services' code with their settings; runs nothing.

Every start of a service process reads one, so this imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import Release
from platformctl.errors import StateError
from platformctl.shell import files


def source() -> Path:
    """The installed package `services`, found without importing it."""
    found = importlib.util.find_spec("services")
    if found is None or not found.submodule_search_locations:
        raise StateError("the package services is not installed", fix="install platformctl again")
    return Path(next(iter(found.submodule_search_locations)))


def describe(
    code: Path, version: str, settings: Mapping[str, Mapping[str, str]], secrets: Mapping[str, int]
) -> Release:
    """The release that `code` and the rest amount to; the same content has the same id everywhere."""
    digest = hashlib.sha256()
    for name, path in sorted(_files(code).items()):
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    digest.update(json.dumps([version, settings, secrets], sort_keys=True).encode())
    return Release(digest.hexdigest()[:12], version, settings, secrets)


def store(layout: Layout, release: Release, code: Path, former: str | None) -> None:
    """Copy the code and write the release down; it appears under its id in one step, whole."""
    target = layout.releases / release.id
    if target.exists():
        return
    with files.storage(target):
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=layout.releases))
        try:
            _copy(code, temporary / "services", layout.releases / former / "services" if former else None)
            files.write_whole(temporary / "release.json", json.dumps(asdict(release), indent=1))
            os.rename(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def document(layout: Layout, release_id: str) -> dict[str, Any]:
    try:
        return json.loads((layout.releases / release_id / "release.json").read_text())
    except (FileNotFoundError, ValueError) as error:
        raise StateError(
            f"release {release_id} is not stored here",
            cause=str(error),
            fix="platformctl history shows what can be rolled back to; platformctl deploy makes a new one",
        ) from error


def stored(layout: Layout, release_id: str) -> Release | None:
    if not (layout.releases / release_id / "release.json").exists():
        return None
    return Release(**document(layout, release_id))


def chosen(layout: Layout) -> dict[str, str]:
    """Which release each service is to run: what a starting process becomes."""
    try:
        return json.loads(layout.chosen.read_text())
    except FileNotFoundError:
        return {}


def choose(layout: Layout, service: str, release_id: str) -> None:
    with files.guarded(layout.chosen.with_suffix(".guard")):
        files.write_whole(layout.chosen, json.dumps(chosen(layout) | {service: release_id}))


def sweep(layout: Layout, keep: Collection[str]) -> None:
    """Delete half-made copies, and releases that no record names any more."""
    for folder in layout.releases.iterdir():
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


def _files(code: Path) -> dict[str, Path]:
    """Everything but what Python compiles and editors leave."""
    found = {}
    for folder, below, names in os.walk(code):
        below[:] = [each for each in below if each != "__pycache__" and not each.startswith(".")]
        for name in names:
            if not name.startswith((".", "#")) and not name.endswith((".pyc", "~")):
                path = Path(folder, name)
                found[str(path.relative_to(code))] = path
    return found


def _copy(code: Path, target: Path, former: Path | None) -> None:
    """Unchanged files bring what Python compiled of them along: a saved file is then served much sooner."""
    for name, path in _files(code).items():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        twin = former / name if former else None
        if twin is None or not twin.exists() or twin.read_bytes() != path.read_bytes():
            continue
        os.utime(copy, ns=(twin.stat().st_atime_ns, twin.stat().st_mtime_ns))
        for compiled in (twin.parent / "__pycache__").glob(f"{twin.stem}.*.pyc"):
            (copy.parent / "__pycache__").mkdir(exist_ok=True)
            shutil.copy2(compiled, copy.parent / "__pycache__" / compiled.name)
