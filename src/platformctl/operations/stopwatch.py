"""How long each section of a restore takes, read from the steps that are reported anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from platformctl.events import Event, Reporter, StepDone, StepFailed, StepStarted
from platformctl.operations.waiting import Clock

CHECK, LOAD, PROVE = (
    "check the backup and the server",
    "load the backup into a new database",
    "prove the new database",
)
MIGRATE, SWITCH = "migrate the database that is to be live", "switch"
SECTIONS = {CHECK: "check", LOAD: "load", PROVE: "prove", MIGRATE: "migrate", SWITCH: "switch"}


@dataclass
class Stopwatch:
    """A Reporter that passes everything on; `seconds` has the sections so far, `now` the last that began."""

    report: Reporter
    seconds: dict[str, float] = field(default_factory=dict)
    now: str = ""

    def __call__(self, event: Event, /) -> None:
        match event:
            case StepStarted() if event.name in SECTIONS:
                self.now = SECTIONS[event.name]
            case StepDone() | StepFailed() if event.name in SECTIONS:
                self.seconds[SECTIONS[event.name]] = event.seconds
        self.report(event)

    @contextmanager
    def section(self, name: str, clock: Clock) -> Iterator[None]:
        """One that has several steps."""
        self.now, begun = name, clock.elapsed()
        try:
            yield
        finally:
            self.seconds[name] = clock.elapsed() - begun

    def rounded(self) -> Mapping[str, float]:
        return {name: round(each, 3) for name, each in self.seconds.items()}
