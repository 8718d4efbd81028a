"""What is wrong with a configuration and where: places, problems, and the one error that lists them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from platformctl.errors import ConfigError

Keys = tuple[str | int, ...]
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a value stands: a file with line and column, counted from 1, or the name of a variable."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct; `path` is empty when the whole file is meant."""

    place: Place
    path: Keys
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), dotted(self.path), self.sentence) if part)


def dotted(path: Keys) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{shown(key)}" if text else shown(key)
    return text


def shown(name: str) -> str:
    """A name out of foreign input, safe to print: one line, no control characters, not endless."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return safe if len(safe) <= LONGEST_NAME else f"{safe[:LONGEST_NAME]}…"


def refuse(problems: Iterable[Problem], environment: str) -> None:
    """Raise ConfigError with every problem as a line of evidence; without any, do nothing."""
    found = list(problems)
    if not found:
        return
    count = "an error" if len(found) == 1 else f"{len(found)} errors"
    raise ConfigError(
        f"the configuration of environment {environment} has {count}",
        evidence=[str(problem) for problem in found],
        fix=f"correct what is listed, then: platformctl config check --env {environment}",
    )
