"""What doctor looks at of backups: their key, what the store deletes and locks, what restores left."""

from __future__ import annotations

from collections.abc import Iterator

from platformctl.backends.database import marks
from platformctl.config.schema import Keep
from platformctl.errors import PlatformError
from platformctl.events import Finding
from platformctl.operations import catalogue, point_in_time
from platformctl.operations.context import Context
from platformctl.operations.restore_beside import databases_beside

SPANS = {"daily": 1, "weekly": 7, "monthly": 31}  # days


def examine(ctx: Context) -> Iterator[Finding]:
    try:
        known = catalogue.entries(ctx)
        if known:
            yield _key(ctx, next((each.manifest.recipients for each in known if each.manifest), None))
        yield from _store(ctx)
    except PlatformError as error:
        yield Finding("backups", "fail", error.message, error.cause, error.fix)
    if ctx.backends.cluster.running() and ctx.backends.database.answers():
        yield _kept(ctx)
        yield from _beside(ctx)
        yield from point_in_time.examine(ctx)


def _store(ctx: Context) -> Iterator[Finding]:
    """What the store does by itself; whose rights do not reach that far makes good backups all the same."""
    looks = {"backup.lifecycle": _lifecycle}
    if ctx.config.objects.kind == "s3":
        looks["backup.lock"] = _lock
    for name, look in looks.items():
        try:
            yield look(ctx)
        except PlatformError as error:
            yield Finding(name, "unknown", error.message, error.cause, error.fix)


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


def _lock(ctx: Context) -> Finding:
    """What the writer asks for and what the bucket does by itself: the longer of the two counts."""
    asked, where = ctx.config.objects, ctx.backends.objects.location()
    by_itself, needed = ctx.backends.objects.lock_days(), window(ctx.config.backup.keep)
    days = max(asked.lock_days or 0, by_itself or 0)
    if asked.object_lock != "none" and by_itself is None:
        return Finding(
            "backup.lock",
            "fail",
            f"{where} takes no locks, so no backup can be written",
            f"objects.object_lock is {asked.object_lock}, and the bucket was made without Object Lock",
            "make a bucket with Object Lock, or set objects.object_lock to none; then platformctl doctor",
        )
    if 0 < days < needed:
        return Finding(
            "backup.lock",
            "fail",
            f"backups are locked for {days} days only",
            f"backup.keep keeps some for {needed} days; whoever may delete can delete those sooner",
            f"set objects.lock_days to {needed}, then platformctl doctor",
        )
    told = (
        f"locks each backup for {days} days" if days else "locks nothing: who may delete, may delete backups"
    )
    return Finding("backup.lock", "pass", f"{where} {told}")


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


def _beside(ctx: Context) -> Iterator[Finding]:
    """Nothing but a person knows when these have served their purpose."""
    if found := databases_beside(ctx):
        size = sum(each.size for each in found) / 1e6
        yield Finding(
            "backup.beside",
            "pass",
            f"{len(found)} databases of restore --as stand beside the live one: {size:,.0f} MB",
            ", ".join(f"{each.name} ({each.size / 1e6:,.0f} MB, {each.age} old)" for each in found),
            ctx.command(f"restore --drop {found[-1].name}"),
        )
