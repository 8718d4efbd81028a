"""Let a proven database take the live one's place while the gateway holds; back when it does not serve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from platformctl.backends.database import marks
from platformctl.backends.database.marks import Mark
from platformctl.errors import DatabaseError, PlatformError, StepError
from platformctl.events import Notice, step
from platformctl.operations import waiting
from platformctl.operations.context import Context
from platformctl.operations.holding import held
from platformctl.operations.stopwatch import SWITCH
from platformctl.shell.signals import BreakOff

SWITCHED = "The databases have changed places; what was live before is kept for restore --undo."
UNSWITCHED = "The live database is the one of before; nothing that was written to it is lost."
READY_WITHIN = 15.0  # seconds; held requests wait at most twice as long


@dataclass(frozen=True, slots=True)
class Change:
    """`copy` becomes live under `mark`; what is live is kept under `kept` and `kept_mark`."""

    copy: str
    kept: str
    mark: Mark
    kept_mark: Mark


def switched(ctx: Context) -> bool | None:
    """Whether a switch of this run stands: only then is what it replaced there. None without an answer."""
    database = ctx.backends.database
    try:
        return marks.kept_name(database.name, ctx.audit.run_id) in {
            each.name for each in database.databases()
        }
    except PlatformError:
        return None


@contextmanager
def telling_what_is_live(ctx: Context) -> Iterator[None]:
    """To whoever breaks the run off; asked after all that was under way is cleaned up."""
    try:
        yield
    except BreakOff as end:
        stands = switched(ctx)
        if stands is not None:
            end.add_note(SWITCHED if stands else UNSWITCHED)
        raise


def switch(ctx: Context, change: Change) -> float:
    """Answers the seconds that requests waited. Raises StepError when it had to switch back.

    All that is asked before the hold ends: as soon as clients may write to the new database it stays.
    """
    before = _ready(ctx)
    with held(ctx), step(ctx.report, SWITCH) as current:
        begun = ctx.clock.elapsed()
        _rename(ctx, change)
        try:
            _probe(ctx, before)
        except BaseException as error:
            _back(ctx, change, error)
            raise
        waited = ctx.clock.elapsed() - begun
        current.detail = f"requests waited {waited:.1f} s"
    return waited


def _rename(ctx: Context, change: Change) -> None:
    try:
        ctx.backends.database.switch(change.copy, change.kept, change.mark, change.kept_mark)
    except DatabaseError as error:
        if error.reference == "database/unreachable" or error.reference.startswith("database/57P"):
            raise  # a server that went away may have done it
        raise StepError(
            "the two databases did not change places",
            cause=error.cause,
            state="The live database is what it was before; nothing written to it was lost.",
            evidence=error.evidence,
            fix=f"{ctx.command('health')}, then the same command again",
            reference="restore/switch",
        ) from error


def _ready(ctx: Context) -> frozenset[str]:
    return frozenset(each.name for each in ctx.backends.cluster.processes() if each.ready)


def _probe(ctx: Context, before: frozenset[str]) -> None:
    """Every process that was ready before must be again; others may have reasons of their own.

    And each must have heard, from the new database, which tokens are void: until then it honours old ones.
    """
    switched = ctx.clock.elapsed()

    def missing() -> str | None:
        asked = ctx.clock.elapsed()
        found = [each for each in ctx.backends.cluster.processes() if each.name in before]
        if behind := [each for each in found if not each.ready]:
            return f"{behind[0].name} is not ready on the new database: {behind[0].why}"
        deaf = [each.name for each in found if each.heard is not None and each.heard > asked - switched]
        return f"{deaf[0]} has not heard yet which tokens are void" if deaf else None

    waiting.until(ctx, missing, READY_WITHIN, interval=0.1)
    if any(name.startswith("gateway") for name in before):
        ctx.backends.cluster.reach()
    for each in ctx.backends.cluster.processes():
        if not each.ready and not ctx.runner.rehearses:
            ctx.report(
                Notice(f"{each.name} was not ready before the switch and is not ready now: {each.why}")
            )


def _back(ctx: Context, change: Change, error: BaseException) -> None:
    """The database that does not serve becomes a copy again, which whoever made it drops."""
    ctx.backends.database.switch(change.kept, change.copy, change.kept_mark, change.mark)
    if isinstance(error, PlatformError):
        raise StepError(
            "the services do not serve on the new database, so the former one is live again",
            cause=f"{error.message}: {error.cause}" if error.cause else error.message,
            state="The live database is what it was before; nothing written to it was lost.",
            evidence=error.evidence,
            fix=ctx.command("health"),
            reference="restore/switched-back",
        ) from error
