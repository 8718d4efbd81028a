"""Prove that a backup can be restored and that the platform runs on it, in a throwaway environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from platformctl.backends import Throwaway
from platformctl.errors import LockHeldError, PlatformError, PreconditionError, UnhealthyError
from platformctl.events import Finding, Narrated, Notice, step
from platformctl.operations import catalogue, drill_contract, drill_course, drill_record, drills
from platformctl.operations.catalogue import Entry
from platformctl.operations.context import Context
from platformctl.operations.drill_course import Ask, Attempt
from platformctl.operations.drill_record import Result
from platformctl.operations.locking import locked
from platformctl.operations.stopwatch import Stopwatch
from platformctl.quantities import Bytes, Seconds
from platformctl.shell import signals
from platformctl.version import VERSION

PATIENCE = 600.0  # seconds for the environment's lock, which a drill needs for a moment at its very end
SECTIONS = {
    "check": "what is stored is whole",
    "load": "it was loaded into an empty server",
    "prove": "the new database is what was backed up",
    "migrate": "it has the schema of the present code",
    "boot": "the four services run on it",
    "verify": "they keep the public contract",
}


@dataclass(frozen=True, slots=True)
class Section:
    section: str
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Drilled:
    """`contract` says how many of its rows were kept; `record` is the object with the signed result.

    `secluded` says whether the throwaway environment had no way out of the machine.
    """

    backup: str
    taken_at: str
    outcome: str
    rows: int
    database_size: Bytes
    seconds: Seconds
    contract: str
    secluded: bool
    record: str
    sections: tuple[Section, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotDue:
    """The backup that was drilled last, and when; nothing was done now."""

    nothing_due: bool
    backup: str
    drilled_at: str
    next_steps: tuple[str, ...]


def drill(
    ctx: Context, backup: str = "latest", all_due: bool = False, ask: Ask = drill_contract.ask
) -> Drilled | NotDue | None:
    """Raises UnhealthyError (exit 5) when it fails; the backup is suspect then. Answers None in a rehearsal.

    What has nothing to do with the backup (no key, no room, no PostgreSQL) is raised as it is and leaves no
    result. With `all_due` nothing is done when a drill passed not long ago.
    """
    begun = ctx.clock.elapsed()
    known = catalogue.entries(ctx)
    if all_due and (done := _not_due(ctx, known)) is not None:
        return done
    entry = _chosen(ctx, known, backup)
    if ctx.runner.rehearses:
        _narrate(ctx, entry)
        return None
    attempt = _attempt(ctx, entry, ask)
    _find(ctx, attempt)
    record = _recorded(ctx, entry, attempt)
    return _told(ctx, attempt, record, ctx.clock.elapsed() - begun)


def _not_due(ctx: Context, known: Sequence[Entry]) -> NotDue | None:
    """A passed drill of any backup counts; the names of results tell which of them are worth reading."""
    since = ctx.clock.now() - ctx.config.backup.drill_days * 86400
    for entry in known:
        for result in drills.results(ctx, drills.only_since(entry, since)):
            if result.kind == "drill" and result.outcome == "passed" and result.at >= since:
                return NotDue(True, entry.id, result.time, (ctx.command("backup list"),))
    return None


def _chosen(ctx: Context, known: Sequence[Entry], backup: str) -> Entry:
    """The live database is not asked which cluster it is, so the newest is that of all."""
    entry = catalogue.newest(ctx, known) if backup == "latest" else catalogue.find(ctx, backup)
    if entry is None:
        raise PreconditionError(
            "there is no backup to drill",
            cause=f"{len(known)} backups are in {ctx.backends.objects.location()}, and none of them is good",
            fix=ctx.command("backup create"),
            reference="backup/none",
        )
    catalogue.require_whole(ctx, entry)
    return entry


def _narrate(ctx: Context, entry: Entry) -> None:
    place = f"{ctx.backends.objects.location()}/{entry.prefix}/{drills.FOLDER}"
    ctx.report(Narrated(f"load backup {entry.id} into a throwaway environment, and boot the services there"))
    ctx.report(Narrated(f"verify the public contract there, and write the result to {place}"))


def _attempt(ctx: Context, entry: Entry, ask: Ask) -> Attempt:
    manifest = catalogue.require_whole(ctx, entry)
    throwaway = ctx.backends.throwaway(manifest.source.major)
    watch = Stopwatch(ctx.report)
    attempt = Attempt(manifest, ctx.clock.now(), watch, secluded=not throwaway.open_because)
    inside = replace(
        ctx, config=throwaway.config, backends=throwaway.backends, runner=throwaway.runner, report=watch
    )
    with _alone(inside), _removed(ctx, throwaway):
        if throwaway.open_because:
            why = f"no network of its own can be made here ({throwaway.open_because})"
            ctx.report(Notice(f"{why}: the drill sends no mail, and nothing else keeps it on this machine"))
        drill_course.carry_out(inside, attempt, ask, ctx.backends.secrets)
    return attempt


@contextmanager
def _alone(inside: Context) -> Iterator[None]:
    """Deploys go on meanwhile: the lock is of drills alone."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(inside, "backup drill", patience=0))
        except LockHeldError as error:
            raise LockHeldError(
                f"another drill of environment {inside.environment} runs",
                cause=error.cause.partition(";")[0],
                fix="wait for it to end, then repeat the command",
                reference="drill/running",
            ) from error
        yield


@contextmanager
def _removed(ctx: Context, throwaway: Throwaway) -> Iterator[None]:
    """However the block ends, nothing of the throwaway environment is left; a signal waits for that."""
    if throwaway.remove():
        ctx.report(Notice("removed what a drill that was killed had left"))
    try:
        yield
    finally:
        try:
            with signals.deferred(), step(ctx.report, "throw the environment away"):
                throwaway.remove()
        except PlatformError as error:
            told = f"the throwaway environment is not removed: {error.message}: {error.cause}"
            ctx.report(Notice(f"{told}; the next {ctx.command('backup drill')} does it"))


def _find(ctx: Context, attempt: Attempt) -> None:
    """A finding for each section, as far as it came."""
    for name, words in SECTIONS.items():
        if attempt.failure is not None and name == attempt.watch.now:
            error = attempt.failure
            lines = "\n".join(filter(None, (error.cause, *error.evidence)))
            ctx.report(Finding(f"drill.{name}", "fail", error.message, lines))
        elif name in attempt.watch.seconds:
            ctx.report(Finding(f"drill.{name}", "pass", words))
        else:
            ctx.report(Finding(f"drill.{name}", "unknown", "the drill did not come to this"))


def _recorded(ctx: Context, entry: Entry, attempt: Attempt) -> str:
    """Where the result was written; '' when it could not be, and a failure is to be told all the same."""
    error = attempt.failure
    result = Result(
        format=drill_record.FORMAT,
        kind="drill",
        backup=drills.of(attempt.manifest),
        at=attempt.at,
        made_with=VERSION,
        release=attempt.release,
        secluded=attempt.secluded,
        outcome="passed" if error is None else "failed",
        why="" if error is None else ": ".join(filter(None, (error.message, error.cause))),
        seconds=attempt.watch.rounded(),
        contract=attempt.contract,
    )
    try:
        with locked(ctx, "write the result of a drill", PATIENCE):
            catalogue.find(ctx, entry.id)  # a prune may have deleted it meanwhile
            return drills.write(ctx, entry, result)
    except PlatformError as unwritten:
        if error is None:
            raise
        ctx.report(Notice(f"the result could not be written: {unwritten.message}: {unwritten.cause}"))
        return ""


def _told(ctx: Context, attempt: Attempt, record: str, seconds: float) -> Drilled:
    manifest, error, contract = attempt.manifest, attempt.failure, attempt.contract
    drilled = Drilled(
        backup=manifest.id,
        taken_at=manifest.time,
        outcome="passed" if error is None else "failed",
        rows=manifest.rows,
        database_size=manifest.source.size,
        seconds=round(seconds, 2),
        contract=f"{contract.passed} of {contract.asked} rows kept" if contract else "",
        secluded=attempt.secluded,
        record=record,
        sections=tuple(Section(*each) for each in attempt.watch.rounded().items()),
        next_steps=(ctx.command("backup list"), ctx.command(f"backup show {manifest.id}")),
    )
    if error is None:
        return drilled
    raise UnhealthyError(
        f"the drill of backup {manifest.id} failed: {error.message}",
        cause=error.cause,
        evidence=error.evidence,
        state="The live platform was not touched; "
        + (f"backup {manifest.id} is suspect now." if record else "the backup is listed as before."),
        fix=f"remove the cause, then {ctx.command(f'backup drill {manifest.id}')}",
        reference="backup/drill",
        data=drilled,
    )
