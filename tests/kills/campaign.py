"""Kills at every boundary and at random times, of everything: python -m tests.kills.campaign [--write FILE].

What was tried is kept per commit and seed below .kills/, so that a campaign that was stopped goes on.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.kills.blow import BLOWS
from tests.kills.trial import Aim, Trial, attempt, boundaries, drawn, learn
from tests.kills.verbs import VERBS
from tests.kills.world import World, made
from tests.records import Record, commit, write

SEED, KILLS = 20260, 500


def aims(world: World, seed: int) -> Iterator[Aim]:
    """First every boundary of every verb, then random times without an end."""
    yield from boundaries(world)
    yield from (drawn(seed, number) for number in itertools.count())


def resumed(seed: int, kills: int) -> list[Trial]:
    """Until so many blows have hit; what is on file is not tried again."""
    record = Record(".kills", f"-{seed}")
    found = [Trial(**{**each, "problems": tuple(each["problems"])}) for each in record.read()]
    hits = sum(each.hit for each in found)
    if hits >= kills:
        return found
    console = Console(stderr=True)
    with made() as world:
        learn(world)
        for number, aim in enumerate(aims(world, seed)):
            if number < len(found):
                continue
            trial = attempt(world, number, aim)
            record.add(asdict(trial))
            found.append(trial)
            hits += trial.hit
            if trial.problems:
                print(f"{number} {trial.blow} in {trial.verb} at {trial.at}: {'; '.join(trial.problems)}")
            if number % 10 == 0:
                console.print(f"{hits} of {kills} kills")
            if hits >= kills:
                return found
    return found


def table(found: list[Trial], seed: int) -> str:
    hits = sum(each.hit for each in found)
    rows = [
        f"Seed {seed}, commit {commit()}: {hits} kills; {len(found) - hits} runs more had ended before.",
        "",
        "| killed | during | kills | live: old | live: new | live: not concerned | promises broken |",
        "|---|---|---|---|---|---|---|",
    ]
    for blow, verb in itertools.product(BLOWS, VERBS):
        tried = [each for each in found if (each.blow, each.verb) == (blow, verb)]
        if tried:
            rows.append(_row(blow, verb, tried))
    rows.append(_row("**all**", "", found))
    return "\n".join(rows) + "\n"


def _row(blow: str, verb: str, tried: list[Trial]) -> str:
    left = Counter(each.left for each in tried if each.hit)
    bad = sum(bool(each.problems) for each in tried)
    cells = (blow, verb, sum(each.hit for each in tried), left["old"], left["new"], left["both"], bad)
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into this file")
    chosen = parser.parse_args()
    target = chosen.write.resolve() if chosen.write else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is ended first
    found = resumed(chosen.seed, chosen.kills)
    print(table(found, chosen.seed))
    if target:
        write(target, "Kills", "kills", table(found, chosen.seed))
    return int(any(each.problems for each in found))


if __name__ == "__main__":
    sys.exit(main())
