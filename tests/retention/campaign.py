"""A million lives of backups under retention: python -m tests.retention.campaign [--write FILE].

What was tried is kept per commit and seed below .retention/, so that a campaign that was stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.records import Record, commit, write
from tests.retention.life import live

SEED, LIVES, AT_ONCE = 20260, 1_000_000, 5_000


@dataclass(frozen=True)
class Batch:
    """The lives from `first` on; `problems` has the number of each that broke a promise, and which."""

    first: int
    lives: int
    backups: int
    deleted: int
    clusters: int
    problems: tuple[str, ...]


def carry_out(seed: int, first: int, lives: int) -> Batch:
    backups = deleted = clusters = 0
    problems = []
    for number in range(first, first + lives):
        try:
            life = live(seed, number)
        except AssertionError as error:
            problems.append(f"{number}: {error}")
            continue
        backups += life.made
        deleted += life.deleted
        clusters += 1 + len(life.former)
    return Batch(first, lives, backups, deleted, clusters, tuple(problems))


def resumed(seed: int, lives: int) -> list[Batch]:
    """What is on file is not tried again."""
    record = Record(".retention", f"-{seed}")
    done = [Batch(**{**each, "problems": tuple(each["problems"])}) for each in record.read()]
    found = {(each.first, each.lives): each for each in done}
    wanted = [(first, min(AT_ONCE, lives - first)) for first in range(0, lives, AT_ONCE)]
    for batch in track([each for each in wanted if each not in found], "lives", console=Console(stderr=True)):
        found[batch] = carry_out(seed, *batch)
        record.add(asdict(found[batch]))
    return [found[batch] for batch in wanted]


def table(found: list[Batch], seed: int) -> str:
    counts = ("lives", "backups", "deleted", "clusters")
    lives, backups, deleted, clusters = (sum(getattr(each, name) for each in found) for name in counts)
    broken = sum(len(each.problems) for each in found)
    return (
        f"Seed {seed}, commit {commit()}.\n\n"
        "| lives | backups made | deleted | database clusters | promises broken |\n"
        "|---|---|---|---|---|\n"
        f"| {lives:,} | {backups:,} | {deleted:,} | {clusters:,} | {broken} |\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=LIVES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into this file")
    chosen = parser.parse_args()
    found = resumed(chosen.seed, chosen.lives)
    problems = [problem for each in found for problem in each.problems]
    print("\n".join(problems[:20]))
    print(table(found, chosen.seed))
    if chosen.write:
        write(chosen.write, "Retention", "retention", table(found, chosen.seed))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
