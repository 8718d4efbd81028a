"""What campaigns write down: of which commit, and where in a document."""

from __future__ import annotations

import functools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@functools.cache  # others may commit while a campaign runs
def commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


@dataclass(frozen=True)
class Record:
    """What a campaign has tried at this commit, a JSON document each: one that was stopped goes on."""

    folder: str
    suffix: str = ""

    @property
    def file(self) -> Path:
        return ROOT / self.folder / f"{commit()}{self.suffix}.jsonl"

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def add(self, trial: dict[str, Any]) -> None:
        self.file.parent.mkdir(exist_ok=True)
        with self.file.open("a") as out:
            out.write(json.dumps(trial) + "\n")


def write(file: Path, section: str, name: str, text: str) -> None:
    """Between the two marks of that name; a file without them gets them at its end, below `section`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = file.read_text() if file.exists() else "# Reliability\n"
    if begin not in before:
        before += f"\n## {section}\n\n{begin}\n{end}\n"
    head, _, rest = before.partition(begin)
    file.write_text(f"{head}{begin}\n{text}{end}{rest.partition(end)[2]}")
