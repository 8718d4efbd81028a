"""The records of what was deployed when, one file each, the last 200; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from platformctl.backends.cluster.protocol import Deploy
from platformctl.shell import files

KEPT = 200


def read(folder: Path) -> tuple[Deploy, ...]:
    """Newest first; ids begin with their time, so names sort as time does."""
    found = []
    for path in sorted(folder.glob("*.json"), reverse=True):
        fields = json.loads(path.read_text())
        found.append(Deploy(**fields | {"migrations": tuple(fields["migrations"])}))
    return tuple(found)


def write(folder: Path, deploy: Deploy) -> None:
    files.write_whole(folder / f"{deploy.id}.json", json.dumps(asdict(deploy), indent=1))
    for old in sorted(folder.glob("*.json"), reverse=True)[KEPT:]:
        old.unlink()
        old.with_suffix(".log").unlink(missing_ok=True)


def write_evidence(folder: Path, deploy_id: str, lines: Sequence[str]) -> str:
    path = folder / f"{deploy_id}.log"
    files.write_whole(path, "\n".join(lines) + "\n")
    return str(path)
