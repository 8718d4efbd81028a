"""Who deployed what and when, newest first; reads only."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.cluster.protocol import Deploy
from platformctl.operations.context import Context
from platformctl.operations.status import shown
from platformctl.quantities import Seconds


@dataclass(frozen=True, slots=True)
class Entry:
    """One deploy as it is shown; `runs` marks the one that made what runs now."""

    id: str
    time: str
    verb: str
    outcome: str
    who: str
    release: str
    seconds: Seconds
    commit: str
    note: str
    runs: bool


@dataclass(frozen=True, slots=True)
class History:
    deploys: tuple[Entry, ...]
    next_steps: tuple[str, ...] = ()


def history(ctx: Context, limit: int = 20) -> History:
    deploys, chosen = ctx.backends.cluster.deploys(), dict(ctx.backends.cluster.chosen())
    present = next((each.id for each in deploys if each.outcome == "deployed" and each.after == chosen), None)
    rows = tuple(_entry(each, runs=each.id == present) for each in deploys[:limit])
    undoable = any(each.id == present and each.before not in ({}, each.after) for each in deploys)
    return History(rows, (ctx.command("rollback" if undoable else "status"),))


def _entry(deploy: Deploy, *, runs: bool) -> Entry:
    return Entry(
        id=deploy.id,
        time=shown(deploy.started),
        verb=deploy.verb,
        outcome=deploy.outcome,
        who=deploy.who,
        release=", ".join(sorted(set(deploy.after.values()))),
        seconds=round(deploy.finished - deploy.started, 1),
        commit=deploy.commit or "",
        note=deploy.cause or (f"undid {deploy.of}" if deploy.of else ""),
        runs=runs,
    )
