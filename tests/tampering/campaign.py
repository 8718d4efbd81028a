"""Backups tampered with in every way, then restored: python -m tests.tampering.campaign [--write FILE].

What was tried is kept per commit and seed below .tampering/, so that a campaign that was stopped goes on.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.records import Record, commit, write
from tests.tampering.stage import Stage, made
from tests.tampering.trial import METHODS, Trial, attempt

SEED, TRIALS = 20260, 10_000


def carry_out(stage: Stage, seed: int, numbers: Sequence[int]) -> Iterator[Trial]:
    """After each trial all is again as it was before."""
    before = stage.glance()
    for number in numbers:
        trial = attempt(stage, seed, number, before)
        stage.repair()
        if trial.outcome == "restored" or trial.problems:
            stage.make_live_unlike_all()
            before = stage.glance()
        yield trial


def resumed(seed: int, trials: int) -> list[Trial]:
    """What is on file is not tried again."""
    record = Record(".tampering", f"-{seed}")
    found = [Trial(**{**each, "problems": tuple(each["problems"])}) for each in record.read()]
    done = {each.number for each in found if each.number < trials}
    left = [each for each in range(trials) if each not in done]
    found = [each for each in found if each.number < trials]
    if left:
        with made() as stage:
            tried = carry_out(stage, seed, left)
            for trial in track(tried, "trials", total=len(left), console=Console(stderr=True)):
                record.add(asdict(trial))
                found.append(trial)
                if trial.problems:
                    print(f"{trial.number} {trial.method}: {'; '.join(trial.problems)}")
    return found


def table(found: list[Trial], seed: int) -> str:
    rows = [
        f"Seed {seed}, commit {commit()}: {len(found)} trials.",
        "",
        "| damage | trials | refused by | accepted whole | restored exactly | promises broken |",
        "|---|---|---|---|---|---|",
    ]
    for method in METHODS:
        rows.append(_row(method, [each for each in found if each.method == method]))
    rows.append(_row("**all**", found))
    return "\n".join(rows) + "\n"


def _row(method: str, found: list[Trial]) -> str:
    refused = Counter(each.reference for each in found if each.outcome == "refused")
    by = ", ".join(f"{reference} ({number})" for reference, number in refused.most_common())
    good = Counter(each.outcome for each in found if not each.problems)
    bad = sum(bool(each.problems) for each in found)
    cells = (method, len(found), by, good["accepted"], good["restored"], bad)
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into this file")
    chosen = parser.parse_args()
    target = chosen.write.resolve() if chosen.write else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is ended first
    found = resumed(chosen.seed, chosen.trials)
    print(table(found, chosen.seed))
    if target:
        write(target, "Tampered backups", "tampering", table(found, chosen.seed))
    return int(any(each.problems for each in found))


if __name__ == "__main__":
    sys.exit(main())
