"""One trial: damage stored backups in one way, ask for a restore, and judge what became of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from platformctl.errors import PlatformError
from platformctl.operations.catalogue import DATA
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.operations.restore_preflight import Plan, preflight
from tests.tampering.damage import BYTES, PLACES, Hit, Method, of_bytes
from tests.tampering.forgery import FORGERIES
from tests.tampering.stage import Glance, Good, Stage

METHODS: dict[str, Method] = {
    **{name: of_bytes(change) for name, change in BYTES.items()},
    **PLACES,
    **FORGERIES,
}
WHOLE = 20  # one trial in so many is an entire restore
LIMIT = 60  # seconds for one trial
SPARED = frozenset({"files that do not belong there"})  # harm nobody's objects


@dataclass(frozen=True)
class Trial:
    """`outcome` is refused, accepted or restored; `problems` are the promises that were not kept."""

    number: int
    method: str
    outcome: str
    reference: str
    problems: tuple[str, ...]


def method_of(number: int) -> str:
    return [*METHODS][number % len(METHODS)]


def attempt(stage: Stage, seed: int, number: int, before: Glance) -> Trial:
    """The same for a seed and a number, whatever was tried before; `before` is what there is."""
    draw, method = Random(f"{seed} {number}"), method_of(number)
    asked, hit = _drawn(stage, draw)
    whole = draw.randrange(WHOLE) == 0
    METHODS[method](hit)
    hurt = set() if method in SPARED else {hit.victim.id, hit.other.id}
    ctx, outcome, reference = stage.context(), "refused", ""
    problems: list[str] = []
    try:
        with _limited():
            if whole:
                done = restore(ctx, asked)
                outcome = "restored"
                problems += _restored(stage, asked, done.backup, hurt)
            else:
                plan = preflight(ctx, asked, into_foreign=False)
                outcome = "accepted"
                problems += _accepted(stage, asked, plan, hurt)
    except PlatformError as error:
        reference = error.reference
        problems += [*_refused(error), *_allowed(asked, hurt)]
    except Exception as error:
        outcome, reference = "failed", type(error).__name__
        problems.append(f"it failed with {type(error).__name__}: {error}")
    if outcome != "restored":
        problems += _untouched(stage, ctx, before)
    return Trial(number, method, outcome, reference, tuple(problems))


def _drawn(stage: Stage, draw: Random) -> tuple[str, Hit]:
    """Mostly the backup that is asked for is the victim, and the newest one is it more often than others."""
    others = list(stage.backups)
    victim = others.pop(draw.choice((-1, draw.randrange(len(others)))))
    other = draw.choice(others)
    asked = draw.choice(("latest", victim.id, victim.id, other.id, draw.choice(stage.backups).id))
    return asked, Hit(stage, victim, other, draw)


def _refused(error: PlatformError) -> Iterator[str]:
    if not error.reference or int(error.exit_code) == 0:
        yield f"it was refused with exit code {int(error.exit_code)} and reference {error.reference!r}"
    if not error.fix:
        yield f"no next step was said: {error.message}"


def _allowed(asked: str, hurt: set[str]) -> Iterator[str]:
    """A backup that nothing happened to is no reason to refuse."""
    if asked not in hurt and asked != "latest":
        yield f"backup {asked} is whole and was refused"
    if not hurt:
        yield "all backups are whole, and none was restored"


def _chosen(stage: Stage, asked: str, chosen: str, hurt: set[str]) -> Iterator[str]:
    """The one that was asked for; `latest` passes over none that is whole."""
    ids = [each.id for each in stage.backups]
    if asked not in ("latest", chosen):
        yield f"{asked} was asked for, and {chosen} was taken"
    if asked == "latest":
        passed = [each for each in ids[ids.index(chosen) + 1 :] if each not in hurt]
        yield from (f"{each} is whole, and was passed over for {chosen}" for each in passed)


def _accepted(stage: Stage, asked: str, plan: Plan, hurt: set[str]) -> Iterator[str]:
    """What may be restored must be, byte for byte, what was stored: then a restore gives what was in it."""
    good = _good(stage, plan.manifest.id)
    if good is None or plan.manifest != good.parsed:
        yield f"a manifest was believed that nobody made: {plan.manifest.id}"
        return
    yield from _chosen(stage, asked, good.id, hurt)
    if (stage.root / plan.entry.prefix / DATA).read_bytes() != good.data:
        yield f"other data than that of {good.id} was accepted for it"


def _restored(stage: Stage, asked: str, chosen: str, hurt: set[str]) -> Iterator[str]:
    good = _good(stage, chosen)
    if good is None:
        yield f"{chosen} was restored, which nobody made"
        return
    yield from _chosen(stage, asked, chosen, hurt)
    if stage.live() != good.contents:
        yield f"restored was something else than what {chosen} held"


def _untouched(stage: Stage, ctx: Context, before: Glance) -> Iterator[str]:
    found = stage.glance()
    if found != before:
        yield f"the live database is not what it was, or there are others: {found} instead of {before}"
    if ctx.backends.cluster.lock_holder() is not None:
        yield "the lock is still held"


def _good(stage: Stage, backup: str) -> Good | None:
    return next((each for each in stage.backups if each.id == backup), None)


class Stuck(Exception):
    """The trial did not end."""


@contextmanager
def _limited() -> Iterator[None]:
    def end(*_: object) -> None:
        raise Stuck(f"no end after {LIMIT} s")

    former = signal.signal(signal.SIGALRM, end)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
