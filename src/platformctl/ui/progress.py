"""Progress on stderr as lines that stay; the spinner of a running step belongs in live.py."""

from __future__ import annotations

import sys

from platformctl import events
from platformctl.events import Event
from platformctl.ui.paint import colourful, mark, painted, wrapped


class Progress:
    """Steps inside a step, and what a step says of itself, are told only to the verbose."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._depth = 0

    def __call__(self, event: Event, /) -> None:
        match event:
            case events.Banner():
                self._tell((f"{event.verb}: environment {event.environment}, target {event.target}",))
            case events.StepStarted():
                self.started(event.name)
                self._depth += 1
            case events.StepProgress():
                self.progressed(event)
            case events.StepDone() | events.StepFailed():
                self._depth -= 1
                self.ended(event)
            case events.Notice():
                self._tell(wrapped(event.text, f"{mark('note', sys.stderr)} ", "  "))
            case events.Narrated():
                self._tell((f"would: {event.words}",))

    def started(self, name: str) -> None:
        if self._verbose:
            self._tell((f"{self._indent}{name} ...",))

    def progressed(self, event: events.StepProgress) -> None:
        if self._verbose:
            self._tell((f"{self._indent}{_far(event)}",))

    def ended(self, event: events.StepDone | events.StepFailed) -> None:
        done = isinstance(event, events.StepDone)
        if self._depth and done and not self._verbose:
            return
        detail = f": {event.detail}" if isinstance(event, events.StepDone) and event.detail else ""
        sign = mark("pass" if done else "fail", sys.stderr)
        self._tell((f"{self._indent}{sign} {event.name}{detail} ({event.seconds:.1f} s)",))

    def stop(self) -> None:
        """Leave nothing that still moves on the screen."""

    @property
    def _indent(self) -> str:
        return "  " * self._depth

    def _tell(self, lines: tuple[str, ...]) -> None:
        """A reader who is gone, or a full disk behind stderr, must not stop what is being changed."""
        try:
            for line in lines:
                sys.stderr.write(painted(line, sys.stderr) + "\n")
            sys.stderr.flush()
        except OSError:
            return


def make_progress(verbose: bool) -> Progress:
    if colourful(sys.stderr) and not verbose:
        from platformctl.ui.live import LiveProgress

        return LiveProgress()
    return Progress(verbose)


def _far(event: events.StepProgress) -> str:
    return event.detail if event.fraction is None else f"{event.detail} {event.fraction:.0%}".lstrip()
