"""How long restores take, and what `restore` said before that: python -m benchmarks.prediction.

One database is filled anew with each size and backed up, and `restore` asked for its prediction twice: from
what smaller sizes took, and after a drill of this backup, as there is one each week. Then it is restored.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.backup_content import fill
from platformctl.operations.context import Context
from platformctl.operations.restore import what_is_lost
from tests.environment import Environment
from tests.support import context

MIB = 1024 * 1024
SIZES = (10, 50, 150, 400, 800)
NEAR, EXCEPT = 0.3, 1  # of the true time; how many sizes may be further off
EMPTY = """
    DROP MATERIALIZED VIEW IF EXISTS bench_kinds;
    DROP TABLE IF EXISTS bench_audit, bench_events, bench_texts, bench_accounts;
"""


@dataclass(frozen=True)
class Told:
    """Of a size in bytes: what was said before and after its drill, and what the restore took, in seconds."""

    size: int
    before: int | None
    after: int
    true: float

    @property
    def off(self) -> float:
        return self.after / self.true - 1

    @property
    def row(self) -> str:
        before = "nothing" if self.before is None else f"{self.before} s ({self.before / self.true - 1:+.0%})"
        size, after = f"{self.size / MIB:,.0f} MiB", f"{self.after} s ({self.off:+.0%})"
        return f"| {size} | {before} | {after} | {self.true:.1f} s |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, nargs="+", default=SIZES, help="in ascending order")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="platformctl-"))
    environment = Environment(folder)
    try:
        answer(environment, "up")
        os.environ.update(environment.environ())
        os.chdir(environment.work)
        print("| database | told before a drill | told after one | true |\n|---|---|---|---|")
        found = []
        for each in chosen.megabytes:
            found.append(measured(environment, context(), each * MIB))
            print(found[-1].row, flush=True)
    finally:
        environment.end()
        shutil.rmtree(folder)
    near = sum(abs(each.off) <= NEAR for each in found)
    print(f"\nafter a drill, {near} of {len(found)} are within {NEAR:.0%} of the true time")
    return int(near < len(found) - EXCEPT)


def measured(environment: Environment, ctx: Context, size: int) -> Told:
    url = ctx.backends.database.url("items")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(EMPTY)
    size = fill(url, size)
    backup = answer(environment, "backup", "create")["id"]
    before = told(ctx, backup)
    answer(environment, "backup", "drill", backup)
    after = told(ctx, backup)
    assert after is not None, "a drill was made"
    restored = answer(environment, "restore", backup, "--yes", "--confirm", "local")
    return Told(size, before, after, restored["seconds"])


def told(ctx: Context, backup: str) -> int | None:
    """What the question of `restore` says."""
    said = re.search(r"It will take about (\d+) s\.", what_is_lost(ctx, backup)[1])
    return int(said[1]) if said else None


def answer(environment: Environment, *words: str) -> dict[str, Any]:
    """However long it takes."""
    out, err = environment.start(*words, "--output", "json").communicate()
    document = json.loads(out)
    assert document["ok"], out + err
    return document["data"]


if __name__ == "__main__":
    sys.exit(main())
