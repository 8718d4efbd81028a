"""Stop everything and keep the data; with `purge` delete it, and backups only when that is asked as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from platformctl.errors import StepError
from platformctl.events import step
from platformctl.operations import catalogue
from platformctl.operations.context import Context
from platformctl.operations.locking import locked


@dataclass(frozen=True, slots=True)
class Down:
    """`kept` says where what was kept lies."""

    stopped: bool
    purged: bool
    backups_deleted: int
    kept: str
    next_steps: tuple[str, ...]


def down(ctx: Context, purge: bool = False, with_backups: bool = False) -> Down:
    cluster, objects = ctx.backends.cluster, ctx.backends.objects
    if not cluster.exists() and not with_backups:
        return Down(False, False, 0, objects.location(), (ctx.command("up"),))
    deleted = 0
    with locked(ctx, "down"):
        with step(ctx.report, "stop everything"):
            ran = cluster.stop()
        if not ctx.runner.rehearses and cluster.running():
            raise StepError(
                "the supervisor still answers after it was stopped",
                state="Data is as it was.",
                fix=ctx.command("down"),
            )
        if purge:
            with step(ctx.report, "delete data, secrets and logs"):
                cluster.purge()
            _require_purged(ctx)
        if with_backups:
            deleted = _delete_backups(ctx)
    kept = cluster.locations()["audit" if purge else "data"]
    steps = (ctx.command("up"),)
    if purge and not with_backups:
        kept = objects.location()
        newest = next((each.id for each in catalogue.entries(ctx) if each.regular), None)
        steps += (ctx.command(f"restore {newest} --into-foreign"),) if newest else ()
    return Down(ran, purge, deleted, kept, steps)


def what_is_lost(ctx: Context, with_backups: bool) -> str:
    """The question before a purge."""
    backups = "asked about next" if with_backups else f"in {ctx.backends.objects.location()} stay"
    return f"The database, secrets, releases and logs of this environment are deleted; backups {backups}."


def backups_lost(ctx: Context) -> str:
    """The question before backups are deleted, too."""
    objects, count = ctx.backends.objects, _count(_objects(ctx))
    return f"Delete its backups and their key too ({count}, in {objects.location()})? They are gone for good."


def _require_purged(ctx: Context) -> None:
    cluster = ctx.backends.cluster
    if not ctx.runner.rehearses and cluster.exists():
        raise StepError(
            "the environment was not deleted completely",
            cause=f"files are left beside {cluster.locations()['audit']}, or a process runs again",
            state="What was deleted is gone for good.",
            fix=ctx.command("down --purge"),
        )


def _delete_backups(ctx: Context) -> int:
    ctx.backends.objects.sweep(catalogue.root(ctx))
    keys = _objects(ctx)
    with step(ctx.report, "delete backups and their keys"):
        for key in keys:
            ctx.backends.objects.delete(key)
        ctx.backends.keys.forget()
    return _count(keys)


def _objects(ctx: Context) -> list[str]:
    return [each.key for each in ctx.backends.objects.list(catalogue.root(ctx))]


def _count(keys: Sequence[str]) -> int:
    """Of backups, without a look at what they say: whoever deletes them needs no key."""
    return sum(each.endswith(f"/{catalogue.MANIFEST}") for each in keys)
