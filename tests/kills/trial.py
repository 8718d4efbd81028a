"""One trial: kill something while a verb runs, look at what is left, and run the verb again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from platformctl.errors import PlatformError
from platformctl.operations import archive, catalogue
from tests.database import names
from tests.killing import KillingRunner
from tests.kills.blow import BLOWS, CODES, Ended
from tests.kills.verbs import CREATE, PRUNE, RESTORE, UNDO, VERBS, Verb
from tests.kills.world import Contents, World

Aim = tuple[str, str, float]  # what is killed, in which verb, and when
RANDOM = (
    ("the tool at any time", CREATE),
    ("the tool at any time", RESTORE),
    ("the tool at any time", UNDO),
    ("the tool at any time", PRUNE),
    ("pg_dump or pg_restore", CREATE),
    ("pg_dump or pg_restore", RESTORE),
    ("the server", CREATE),
    ("the server", RESTORE),
)


@dataclass(frozen=True)
class Trial:
    """`left` is old, new or both (where a verb changes nothing live); `problems` are broken promises."""

    number: int
    blow: str
    verb: str
    at: float
    hit: bool
    left: str
    problems: tuple[str, ...]


def learn(world: World) -> None:
    """How many changes each verb makes, and how long it takes."""
    for verb in VERBS.values():
        verb.prepare(world)
        counting = KillingRunner(0)
        begun = time.monotonic()
        verb.operation(world.context(counting))
        world.seconds[verb.name] = time.monotonic() - begun
        world.changes[verb.name] = counting._count


def boundaries(world: World) -> Iterator[Aim]:
    for verb in VERBS.values():
        for number in range(1, world.changes[verb.name] + 1):
            yield from (("the tool at a boundary", verb.name, number + after) for after in (0.0, 0.5))


def drawn(seed: int, number: int) -> Aim:
    blow, verb = RANDOM[number % len(RANDOM)]
    return blow, verb.name, Random(f"{seed} {number}").uniform(0, 1.1)


def attempt(world: World, number: int, aim: Aim) -> Trial:
    blow, verb, at = aim[0], VERBS[aim[1]], aim[2]
    new = verb.prepare(world)
    old, files = world.live(), world.files()
    ended = BLOWS[blow](world, verb, at)
    problems = [*_ended(world, blow, ended)]
    left = world.live()
    if left not in (old, new):
        problems.append("the live database is neither the old one nor the new one")
    elif ended.code == 0 and left != new:
        problems.append("the run ended well, and its end is not what is live")
    problems += [*_unsound(world), *_again(world, verb, {"old": old, "new": new, "left": left})]
    problems += [*_orphans(world, files)]
    outcome = "both" if old == new else "new" if left == new else "old"
    return Trial(number, blow, verb.name, round(at, 3), ended.hit, outcome, tuple(problems))


def _ended(world: World, blow: str, ended: Ended) -> Iterator[str]:
    if ended.code not in (CODES[blow] if ended.hit else {0}):
        yield f"exit code {ended.code}"
    for process in world.end_of(ended.run):
        yield f"{process.name()} was left"
        process.kill()


def _unsound(world: World) -> Iterator[str]:
    """What is listed can be restored, to its last byte."""
    ctx = world.context()
    listed = catalogue.entries(ctx)
    for entry in listed:
        known = entry.manifest is not None and world.as_made(entry.prefix)
        flaw = "" if known else archive.check(ctx, entry)
        if flaw:
            yield f"backup {entry.id} is listed, and {flaw}"
    if len(listed) < 3:
        yield f"only {len(listed)} backups are left of those that have to stay"


def _again(world: World, verb: Verb, states: dict[str, Contents]) -> Iterator[str]:
    """The next run, without help; an undo goes back to whatever the first left."""
    before, begun = len(catalogue.entries(world.context())), time.monotonic()
    try:
        verb.operation(world.context())
    except PlatformError as error:
        yield f"the next run failed: {error.message}; {error.cause}"
        return
    world.seconds[verb.name] = time.monotonic() - begun  # as long as it takes now, not when all began
    wanted = states["new"]
    if not verb.same and states["left"] == states["new"]:
        wanted = states["old"]
    if world.live() != wanted:
        yield "the next run did not lead where it should"
    if verb is CREATE and len(catalogue.entries(world.context())) != before + 1:
        yield "the next run made no backup"
    yield from _unsound(world)


def _orphans(world: World, files: set[str]) -> Iterator[str]:
    ctx = world.context()
    copies = [each for each in names(ctx) if "__restore_" in each]
    if copies:
        yield f"databases were left: {copies}"
    unpublished = catalogue.unpublished(ctx, ctx.backends.database.server().system_id)
    if unpublished:
        yield f"unpublished objects were left: {unpublished}"
    if world.files() - files or any(world.temporary.iterdir()):
        yield f"files were left: {world.files() - files}, {[*world.temporary.iterdir()]}"
    if ctx.backends.cluster.lock_holder() is not None:
        yield "the lock is still held"
