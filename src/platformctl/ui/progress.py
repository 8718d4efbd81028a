"""Progress on stderr as plain lines, for logs and pipes; live progress belongs in live.py."""

from __future__ import annotations

import sys

from platformctl import events
from platformctl.events import Event


class PlainProgress:
    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose

    def __call__(self, event: Event, /) -> None:
        text = self._line(event)
        if text is not None:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def stop(self) -> None:
        """Nothing is held on the screen."""

    def _line(self, event: Event) -> str | None:
        match event:
            case events.Banner():
                return f"{event.verb}: environment {event.environment}, target {event.target}"
            case events.StepStarted() if self._verbose:
                return f"{event.name} …"
            case events.StepProgress() if self._verbose:
                return f"  {event.detail}"
            case events.StepDone():
                return f"done    {event.name} ({event.seconds:.1f} s)  {event.detail}".rstrip()
            case events.StepFailed():
                return f"failed  {event.name} ({event.seconds:.1f} s)"
            case events.Notice():
                return f"note: {event.text}"
            case events.Narrated():
                return f"would: {event.words}"
        return None
