"""What a verb may ask of its surface, and the choice of it: for people or for machines."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from platformctl.errors import PlatformError
from platformctl.events import Event
from platformctl.ui.rehearsed import Rehearsed


class Screen(Protocol):
    """A Reporter that also shows how a run ended; exactly one of `result` and `failure` ends it."""

    def __call__(self, event: Event, /) -> None: ...
    def rehearsal(self, rehearsed: Rehearsed) -> None: ...
    def result(self, value: object) -> None: ...
    def failure(self, error: PlatformError) -> None: ...


def make_screen(verb: str, machine: bool, verbose: bool, streams: bool, junit: Path | None) -> Screen:
    """`streams` shows findings and log lines as they come; `junit` gets the findings at the end."""
    if machine:
        from platformctl.ui.machine import Machine

        return Machine(verb, verbose, streams, junit)
    from platformctl.ui.human import Human

    return Human(verb, verbose, streams, junit)
