"""What doctor looks at of backups: their key, what the store deletes by itself, what restores left."""

from __future__ import annotations

from collections.abc import Iterator

from platformctl.backends.database import marks
from platformctl.config.schema import Keep
from platformctl.errors import PlatformError
from platformctl.events import Finding
from platformctl.operations import catalogue, point_in_time
from platformctl.operations.context import Context

SPANS = {"daily": 1, "weekly": 7, "monthly": 31}  # days


def examine(ctx: Context) -> Iterator[Finding]:
    try:
        known = catalogue.entries(ctx)
        if known:
            yield _key(ctx, next((each.manifest.recipients for each in known if each.manifest), None))
        yield _lifecycle(ctx)
    except PlatformError as error:
        yield Finding("backups", "fail", error.message, error.cause, error.fix)
    if ctx.backends.cluster.running() and ctx.backends.database.answers():
        yield _kept(ctx)
        yield from point_in_time.examine(ctx)


def _key(ctx: Context, recipients: tuple[str, ...] | None) -> Finding:
    """`recipients` of the newest backup whose manifest is good."""
    keys = ctx.backends.keys
    if recipients is None or not keys.exist() or set(recipients).isdisjoint(keys.opens()):
        return Finding(
            "backup.key",
            "fail",
            "the key here opens no backup",
            f"{keys.location()} is missing, or belongs to another platform",
            "put the key back there, or name its file in backup.key",
        )
    return Finding("backup.key", "pass", f"{keys.location()} opens the newest backup")


def _lifecycle(ctx: Context) -> Finding:
    expiry, needed = ctx.backends.objects.expiry(catalogue.root(ctx)), window(ctx.config.backup.keep)
    where = ctx.backends.objects.location()
    if expiry is not None and expiry < needed:
        return Finding(
            "backup.lifecycle",
            "fail",
            f"the store deletes backups by itself after {expiry} days",
            f"backup.keep keeps some for {needed} days; a rule of {where} is shorter",
            "remove that lifecycle rule, or make it longer; platformctl backup prune deletes what is too old",
        )
    return Finding("backup.lifecycle", "pass", f"{where} keeps backups until they are pruned")


def window(keep: Keep) -> int:
    """For how many days the policy keeps its oldest backup."""
    return max(getattr(keep, name) * days for name, days in SPANS.items())


def _kept(ctx: Context) -> Finding:
    database = ctx.backends.database
    kept = marks.kept(database.name, database.databases())
    if not kept:
        return Finding("backup.kept", "pass", "no database of before a restore is kept")
    size = sum(each.size for each, _ in kept) / 1e6
    return Finding(
        "backup.kept",
        "pass",
        f"{len(kept)} databases of before a restore are kept for an undo: {size:,.0f} MB",
        ", ".join(each.name for each, _ in kept),
    )
