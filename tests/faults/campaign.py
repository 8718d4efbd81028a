"""All questions of all verbs, broken in every way: python -m tests.faults.campaign [--write FILE].

What was tried is kept per commit and seed below .faults/, so that a campaign that was stopped goes on.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.faults.runner import HOWS, How
from tests.faults.scenarios import ON_BACKUPS, SCENARIOS, Scenario, backed_up
from tests.faults.trial import Trial, attempt, questions, ways
from tests.faults.world import World, made
from tests.records import Record, commit, write

SEED = 20260


@dataclass(frozen=True)
class Extent:
    """How much is tried: `sample` trials a verb (None for all), only of the ways in `hows`."""

    sample: int | None = None
    hows: tuple[How, ...] = HOWS
    seed: int = SEED


@dataclass(frozen=True)
class Series:
    """What was tried of one verb, out of `possible` trials."""

    verb: str
    possible: int
    trials: list[Trial]

    @property
    def bad(self) -> int:
        return sum(bool(each.problems) for each in self.trials)

    def codes(self, how: str) -> str:
        found = Counter(each.code for each in self.trials if each.how == how)
        return ", ".join(f"{code} ({number})" for code, number in sorted(found.items()))


def carry_out(world: World, scenario: Scenario, extent: Extent) -> Series:
    """Every question in every way, as far as the extent goes; what is on file is not tried again."""
    if scenario in ON_BACKUPS:
        backed_up(world)
    wanted = [(at, how) for at, how in ways(questions(world, scenario)) if how in extent.hows]
    random.Random(extent.seed).shuffle(wanted)
    done = {(each.at, each.how): each for each in _on_file(extent.seed) if each.verb == scenario.name}
    trials = []
    for at, how in track(wanted[: extent.sample], scenario.name, console=Console(stderr=True)):
        trial = done.get((at, how)) or attempt(world, scenario, at, how)
        if (at, how) not in done:
            _record(extent.seed).add(trial.as_json())
            if trial.problems:
                print(f"{trial.verb} {how} at {at} ({trial.question}): {'; '.join(trial.problems)}\n")
        trials.append(trial)
    return Series(scenario.name, len(wanted), trials)


def table(found: list[Series], seed: int) -> str:
    rows = [
        f"Seed {seed}, commit {commit()}. A trial breaks one question of a verb, then runs the verb again.",
        "",
        "| verb | trials | failed: exit codes | hung: exit codes | killed | promises broken |",
        "|---|---|---|---|---|---|",
    ]
    for each in found:
        killed = sum(trial.how.startswith("kill") for trial in each.trials)
        tried = f"{len(each.trials)} of {each.possible}"
        cells = (each.verb, tried, each.codes("fail"), each.codes("hang"), killed, each.bad)
        rows.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(rows) + "\n"


def _record(seed: int) -> Record:
    return Record(".faults", f"-{seed}")


def _on_file(seed: int) -> list[Trial]:
    return [Trial(**{**each, "problems": tuple(each["problems"])}) for each in _record(seed).read()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verb", action="append", choices=SCENARIOS, help="only this verb; may be repeated")
    parser.add_argument("--sample", type=int, help="only so many trials a verb")
    parser.add_argument("--how", choices=HOWS, help="only this way to break")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", type=Path, help="write the table into this file")
    chosen = parser.parse_args()
    target = chosen.write.resolve() if chosen.write else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the platform is ended first
    extent = Extent(chosen.sample, (chosen.how,) if chosen.how else HOWS, chosen.seed)
    found: list[Series] = []
    with made() as world:
        for verb in chosen.verb or SCENARIOS:
            found.append(carry_out(world, SCENARIOS[verb], extent))
    print(table(found, chosen.seed))
    if target:
        write(target, "The Nth failure", "faults", table(found, chosen.seed))
    return int(any(each.bad for each in found))


if __name__ == "__main__":
    sys.exit(main())
