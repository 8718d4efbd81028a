"""Bring back an earlier set of releases as it was; keys and passwords keep their newest version."""

from __future__ import annotations

from collections.abc import Mapping

from platformctl.backends.cluster.protocol import Deploy, Release
from platformctl.errors import PreconditionError
from platformctl.operations import rollout
from platformctl.operations.context import Context
from platformctl.operations.deploy import Deployed, deployed
from platformctl.operations.running import locked_while_running


def rollback(ctx: Context, to: str | None = None, of: str | None = None) -> Deployed:
    """The set of deploy `to`, the set before deploy `of`, or the one before what runs now.

    With `of`, a deploy that no longer runs is nothing to undo: a pipeline may repeat it.
    """
    cluster = ctx.backends.cluster
    with locked_while_running(ctx, "rollback"):
        records = cluster.deploys()
        chosen = dict(cluster.chosen())
        if of is not None and not _runs(_find(records, of), chosen):
            return _nothing_to_do(ctx, _find(records, of))
        undone = _find(records, of) if of is not None else None
        wanted = _find(records, to).after if to else (undone or _present(records, chosen)).before
        plan = rollout.Plan(_stored(ctx, wanted), migrate=False, of=of)
        return deployed(ctx, rollout.carry_out(ctx, plan))


def _runs(record: Deploy, chosen: Mapping[str, str]) -> bool:
    return record.outcome == "deployed" and record.after == chosen and record.before != record.after


def _find(records: tuple[Deploy, ...], wanted: str) -> Deploy:
    for record in records:
        if record.id == wanted:
            return record
    raise PreconditionError(
        f"there is no deploy {wanted}", cause="the last 200 are kept", fix="platformctl history"
    )


def _present(records: tuple[Deploy, ...], chosen: Mapping[str, str]) -> Deploy:
    """The deploy that made what runs; a rollback made it only appear again."""
    for record in records:
        if record.verb != "rollback" and record.before and _runs(record, chosen):
            return record
    raise PreconditionError(
        "nothing ran before what runs now",
        cause="no recorded deploy changed the set that runs",
        fix="platformctl history",
        reference="rollback/nothing",
    )


def _stored(ctx: Context, wanted: Mapping[str, str]) -> dict[str, Release]:
    found = {name: ctx.backends.cluster.stored(release) for name, release in wanted.items()}
    missing = sorted({wanted[name] for name, release in found.items() if release is None})
    if missing or not found:
        raise PreconditionError(
            f"what ran then is not stored here any more: {', '.join(missing) or 'nothing ran before'}",
            cause="a release is kept as long as one of the last 200 deploys names it",
            fix="platformctl history, then platformctl rollback --to ID",
            reference="rollback/gone",
        )
    return {name: release for name, release in found.items() if release is not None}


def _nothing_to_do(ctx: Context, record: Deploy) -> Deployed:
    current = ctx.backends.cluster.current()
    return Deployed(
        id=record.id,
        outcome="unchanged",
        version=current.version if current else record.version,
        release=current.id if current else "",
        services=(),
        migrations=(),
        seconds=0.0,
        next_steps=("platformctl history",),
    )
