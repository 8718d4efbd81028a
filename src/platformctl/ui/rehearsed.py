"""What a rehearsal would have changed: collected from its events, shown before a question."""

from __future__ import annotations

from dataclasses import dataclass, field

from platformctl.events import Event, Narrated


@dataclass(frozen=True, slots=True)
class Rehearsed:
    verb: str
    environment: str
    changes: tuple[str, ...]


@dataclass(slots=True)
class Rehearsing:
    """The Reporter of a rehearsal: keeps the words of every change and shows nothing."""

    words: list[str] = field(default_factory=list)

    def __call__(self, event: Event, /) -> None:
        if isinstance(event, Narrated):
            self.words.append(event.words)
