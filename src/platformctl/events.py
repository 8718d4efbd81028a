"""What happened, as values, and the Reporter protocol that ui implements; imports nothing of ours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

Status = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Banner:
    """Printed before anything is changed: which environment, on which target, by which verb."""

    verb: str
    environment: str
    target: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    name: str


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a running step is; `fraction` runs from 0 to 1 and is None when the end is not known."""

    name: str
    detail: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class StepDone:
    name: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StepFailed:
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know and that stops nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Narrated:
    """What a rehearsal would have changed, in the words of the command or call."""

    words: str


@dataclass(frozen=True, slots=True)
class LogLine:
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check; the same shape in tables, JSON and JUnit."""

    id: str
    status: Status
    message: str
    evidence: str = ""
    fix: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """The findings that a run will have, by id and in order; those that come are then shown at once."""

    ids: tuple[str, ...]


Event = (
    Banner
    | StepStarted
    | StepProgress
    | StepDone
    | StepFailed
    | Notice
    | Narrated
    | LogLine
    | Finding
    | Planned
)


class Reporter(Protocol):
    def __call__(self, event: Event, /) -> None: ...


@dataclass(slots=True)
class Step:
    """A running step: `progress` reports how far it is, `detail` is shown when it is done."""

    name: str
    report: Reporter
    detail: str = ""

    def progress(self, detail: str, fraction: float | None = None) -> None:
        self.report(StepProgress(self.name, detail, fraction))


@contextmanager
def step(report: Reporter, name: str) -> Iterator[Step]:
    """Report `name` as started, then as done or failed with the seconds it took."""
    started = time.monotonic()
    current = Step(name, report)
    report(StepStarted(name))
    try:
        yield current
    except BaseException:
        report(StepFailed(name, time.monotonic() - started))
        raise
    report(StepDone(name, time.monotonic() - started, current.detail))
