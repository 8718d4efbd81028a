"""Which moments `restore --at` can go back to, and what keeps them: base backups and the archived log."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from platformctl.backends.point_in_time.protocol import Base, PointInTime, Reach
from platformctl.errors import RestoreRefusedError
from platformctl.events import Finding, Narrated, step
from platformctl.operations.context import Context

DUE = 20 * 3600  # seconds: one a day, also when the nightly backup begins earlier than the day before
SHOWN = 3  # of what is missing


def back_up(ctx: Context) -> None:
    """Make a base backup unless one of the last day leads up to now.

    What is too old goes first, lest a disk that it fills keeps the next from being made.
    """
    engine = ctx.backends.point_in_time
    if engine is None:
        return
    now = ctx.clock.now()
    if any(0 <= now - each.base.ended < DUE and not each.missing for each in engine.reaches()):
        return
    prune(ctx)
    if ctx.runner.rehearses:
        ctx.report(Narrated("make a base backup for restore --at, and verify it"))
        return
    with step(ctx.report, "make a base backup") as current:
        current.detail = f"{engine.back_up().size:,} bytes, verified"


def prune(ctx: Context) -> None:
    """The days of `backup.keep.daily` can be gone back; the newest base backup always stays."""
    engine = ctx.backends.point_in_time
    if engine is None:
        return
    engine.clear()
    surplus = engine.surplus(ctx.clock.now() - ctx.config.backup.keep.daily * 86400)
    with step(ctx.report, "delete the base backups and the log that no moment needs") as current:
        engine.expire(surplus)
        current.detail = f"{len(surplus)} base backups"


def examine(ctx: Context) -> Iterator[Finding]:
    engine = ctx.backends.point_in_time
    if engine is None:
        return
    reaches = engine.reaches()
    if trouble := engine.trouble():
        why = "the log is not archived, so restore --at cannot reach the present, and the log fills the disk"
        yield Finding("backup.point_in_time", "fail", why, trouble.cause, trouble.fix)
    elif not any(not each.missing for each in reaches):
        why = "restore --at cannot reach the present: no base backup leads up to it"
        yield Finding("backup.point_in_time", "fail", why, _missing(reaches), ctx.command("backup create"))
    else:
        words = f"restore --at can go back to any moment {window(reaches)}"
        yield Finding("backup.point_in_time", "pass", words)


def require(ctx: Context, moment: float) -> tuple[PointInTime, Base]:
    """The base from which the moment can be reached. Raises RestoreRefusedError when there is none."""
    engine = ctx.backends.point_in_time
    if engine is None:
        raise RestoreRefusedError(
            "this environment cannot go back to a moment",
            cause="backup.point_in_time is false, so no write-ahead log was kept",
            fix=f"restore a backup: {ctx.command('backup list')}; for the future, set backup.point_in_time",
            reference="restore/at-off",
        )
    reaches = engine.reaches()
    before = [each for each in reaches if each.base.ended <= moment]
    if before and moment <= before[-1].until:
        return engine, before[-1].base
    if before and before[-1].missing and moment <= ctx.clock.now():
        cause, reference = _missing(before), "restore/at-missing"
    elif before:
        cause, reference = "it is in the future", "restore/at-window"
    else:
        cause, reference = "no base backup was made before it", "restore/at-window"
    raise RestoreRefusedError(
        f"the database of {iso(moment)} cannot be had",
        cause=f"{cause}; what can be had is any moment {window(reaches)}" if reaches else cause,
        fix=f"choose such a moment, or a backup: {ctx.command('backup list')}",
        reference=reference,
    )


def window(reaches: Sequence[Reach]) -> str:
    """In whole seconds that can be asked for as they are shown."""
    spans: list[tuple[float, float]] = []
    for each in reaches:
        if spans and each.base.ended <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], each.until))
        else:
            spans.append((each.base.ended, each.until))
    return " or ".join(f"from {iso(math.ceil(begins))} to {iso(ends)}" for begins, ends in spans)


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _missing(reaches: Sequence[Reach]) -> str:
    """Of the newest base, if there is one."""
    missing = reaches[-1].missing if reaches else ()
    if not missing:
        return "there is no base backup"
    shown = ", ".join(missing[:SHOWN]) + (" and others" if len(missing) > SHOWN else "")
    return f"{len(missing)} segments of the log are missing in the archive: {shown}"
