"""One trial: break a verb at one question, look at what it said and left, and run it again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from platformctl.backends.database.facts import Proof
from platformctl.errors import PlatformError
from tests.faults.runner import HOWS, How, Plan
from tests.faults.scenarios import Scenario
from tests.faults.world import Done, World

CODES = {
    "none": {0},
    "fail": {0, 1, 4, 5},
    "hang": {0, 1, 4, 5, 130},
    "kill-before": {-9},
    "kill-after": {-9},
}
OPENS_WITHIN = 20.0  # seconds; the gateway's hold is a lease of 10


@dataclass(frozen=True)
class Trial:
    """`question` is what was broken; `problems` are the promises that were not kept."""

    verb: str
    at: int
    how: How
    question: str
    code: int
    seconds: float
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def questions(world: World, scenario: Scenario) -> list[dict[str, Any]]:
    """What the verb asks when nothing breaks; two runs may differ by one that asks again."""
    scenario.prepare(world)
    log = _log(world, scenario, 0, "none")
    done = world.broken(Plan(str(log)), *scenario.argv)
    assert done.code == 0, done.err
    return world.questions(log)


def ways(asked: list[dict[str, Any]]) -> list[tuple[int, How]]:
    """Each question in each way; dying after reading leaves what dying before it does, so it is left out."""
    return [(each["n"], how) for each in asked for how in HOWS if each["mutates"] or how != "kill-after"]


def attempt(world: World, scenario: Scenario, at: int, how: How) -> Trial:
    scenario.prepare(world)
    before = world.proof() if scenario.runs else None
    recorded, begun = world.recorded(), time.monotonic()
    log = _log(world, scenario, at, how)
    done = world.broken(Plan(str(log), at, how), *scenario.argv)
    hit = [each for each in world.questions(log) if each["hit"]]
    problems = [*_said(done, how if hit else "none"), *_promised(world, done, recorded)]
    if before is not None:
        problems += _lost(world, scenario, done, before)
    problems += _left(world, scenario, before)
    question = f"{hit[0]['kind']} {hit[0]['words']}" if hit else "not reached"
    return Trial(scenario.name, at, how, question, done.code, time.monotonic() - begun, tuple(problems))


def _said(done: Done, how: str) -> Iterator[str]:
    """The message and the exit code."""
    if done.code not in CODES[how]:
        yield f"exit code {done.code}: {done.err[-600:]}"
    if "Traceback" in done.err or "DID NOT END" in done.err:
        yield f"it said: {done.err[-1500:]}"
    if done.code > 0:
        missing = [label for label in ("✗ ", "now: ", "next: ") if label not in done.err]
        if missing:
            yield f"the message lacks {missing}: {done.err[-600:]}"


def _promised(world: World, done: Done, recorded: int) -> Iterator[str]:
    """'Nothing was touched' is a promise that the record must bear out."""
    changed = world.changed(recorded)
    if "Nothing was touched." in done.err and changed:
        yield f"it says that nothing was touched, after: {changed[:5]}"


def _lost(world: World, scenario: Scenario, done: Done, before: Proof) -> Iterator[str]:
    """What the scenario finds, before another run could heal it; a live database must also be readable."""
    try:
        yield from scenario.lost(world, done, before)
    except PlatformError as error:
        yield f"live data cannot be read: {error.message}; {error.cause}"


def _left(world: World, scenario: Scenario, before: Proof | None) -> Iterator[str]:
    """The lock is free or dead, the next run succeeds, live data is as before, the gateway is open."""
    if (holder := world.lock_holder()) is not None:
        yield f"the lock is still held: {holder}"
    try:
        world.run(*scenario.argv)
    except AssertionError as error:
        yield f"the next run failed: {error}"
        world.run("up", "--yes")
        return
    if before is not None and scenario.kept and world.proof() != before:
        yield "live data is not what it was before"
    deadline = time.monotonic() + OPENS_WITHIN
    while (mode := world.gateway_mode()) != "open":
        if time.monotonic() > deadline:
            yield f"the gateway stays in mode {mode}"
            return
        time.sleep(0.5)


def _log(world: World, scenario: Scenario, at: int, how: str) -> Path:
    file = world.folder / "faults" / f"{scenario.name.replace(' ', '-')}-{at}-{how}.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    return file
