"""Holes in the services that tests must find: python -m tests.holes.campaign [--only NAME] [--write FILE].

What was tried is kept per commit below .holes/, so that a campaign that was stopped goes on.
"""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.holes.hole import Hole
from tests.holes.holes import HOLES
from tests.holes.mutant import CampaignError, check_without_holes, try_hole
from tests.records import Record, commit, write

RECORD = Record(".holes")
LIMIT, LIMIT_OF_ALL = 300.0, 3600.0  # seconds


@dataclass(frozen=True)
class Trial:
    """`killed_by` names the first test that failed; nothing: the hole survived."""

    hole: str
    file: str
    killed_by: str | None


def carry_out(holes: tuple[Hole, ...]) -> list[Trial]:
    """What is on file is not tried again. Raises CampaignError, at the end when it concerns single holes."""
    done = {each["hole"]: Trial(**each) for each in RECORD.read()}
    left = tuple(each for each in holes if each.name not in done)
    if left:
        check_without_holes(left, LIMIT_OF_ALL)
    errors = []
    for hole in track(left, "holes", console=Console(stderr=True)):
        try:
            failed = try_hole(hole, LIMIT)
        except CampaignError as error:
            errors.append(f"{hole.name}: {error}")
            continue
        done[hole.name] = Trial(hole.name, hole.file, failed[0] if failed else None)
        RECORD.add(asdict(done[hole.name]))
    if errors:
        raise CampaignError("\n\n".join(errors))
    return [done[each.name] for each in holes]


def table(found: list[Trial]) -> str:
    killed = sum(each.killed_by is not None for each in found)
    rows = [
        f"Commit {commit()}: {killed} of {len(found)} holes were found by a test.",
        "",
        "| hole | file | killed by |",
        "|---|---|---|",
    ]
    for each in found:
        test = f"`{each.killed_by}`" if each.killed_by else "**nothing**"
        rows.append(f"| {each.hole} | {each.file} | {test.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [each.name for each in HOLES]
    parser.add_argument("--only", action="append", metavar="NAME", choices=names, help="may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into this file")
    chosen = parser.parse_args()
    target = chosen.write.resolve() if chosen.write else None
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests end by it, also where it was ignored
    try:
        found = carry_out(tuple(each for each in HOLES if not chosen.only or each.name in chosen.only))
    except CampaignError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(found))
    if target:
        write(target, "Holes in authorization", "holes", table(found))
    return int(any(each.killed_by is None for each in found))


def _stop(*_: object) -> None:
    """What was started is ended first, for which one signal is enough."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main())
