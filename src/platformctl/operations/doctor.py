"""Checks this machine before anything is asked of it; changes nothing."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from platformctl.errors import UnhealthyError
from platformctl.events import Finding
from platformctl.operations import doctor_backups
from platformctl.operations.context import Context

ROOM = 1 << 30  # bytes that a first start with some data needs
OLDEST = (3, 11)


@dataclass(frozen=True, slots=True)
class Doctor:
    passed: int
    failed: int
    next_steps: tuple[str, ...]


def doctor(ctx: Context) -> Doctor:
    """Raises UnhealthyError when something would keep `up` from working."""
    findings = [_python(), _room(ctx), *ctx.backends.cluster.examine(), *doctor_backups.examine(ctx)]
    for finding in findings:
        ctx.report(finding)
    failed = [each for each in findings if each.status == "fail"]
    verdict = Doctor(
        len(findings) - len(failed),
        len(failed),
        (ctx.command("health" if ctx.backends.cluster.running() else "up"),),
    )
    if failed:
        raise UnhealthyError(
            failed[0].message,
            cause=failed[0].evidence,
            state="Nothing was changed by looking.",
            fix=failed[0].fix,
            reference=failed[0].id.replace(".", "/"),
            data=verdict,
        )
    return verdict


def _python() -> Finding:
    version = sys.version.split()[0]
    if sys.version_info < OLDEST:
        return Finding(
            "python", "fail", f"Python {version} is too old", "3.11 is needed", "install Python 3.11"
        )
    return Finding("python", "pass", f"Python {version}")


def _room(ctx: Context) -> Finding:
    place = Path(ctx.backends.cluster.locations()["logs"])
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    told = f"{free / (1 << 30):.1f} GiB are free in {place}"
    if free < ROOM:
        return Finding("disk", "fail", f"little room: {told}", "a start needs 1 GiB", "free some space")
    return Finding("disk", "pass", told)
