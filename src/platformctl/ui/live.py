"""The running step with a spinner, on a terminal; it turns into a line that stays when the step ends."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from platformctl import events
from platformctl.ui.paint import WIDTH
from platformctl.ui.progress import Progress


class LiveProgress(Progress):
    def __init__(self) -> None:
        super().__init__(verbose=False)
        self._console = Console(stderr=True, highlight=False)
        self._names: list[str] = []
        self._status: Status | None = None

    def started(self, name: str) -> None:
        self._names.append(name)
        self._show("")

    def progressed(self, event: events.StepProgress) -> None:
        percent = "" if event.fraction is None else f" {event.fraction:.0%}"
        self._show(f"{event.detail}{percent}")

    def ended(self, event: events.StepDone | events.StepFailed) -> None:
        if self._names:
            self._names.pop()
        self.stop()
        super().ended(event)
        if self._names:
            self._show("")

    def stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _show(self, detail: str) -> None:
        """One line, cut to the screen: a line that wraps cannot be taken back by the terminal."""
        if not self._names:
            return
        words = ": ".join(part for part in (self._names[0], detail or " / ".join(self._names[1:])) if part)
        room = min(WIDTH, self._console.width) - 4
        text = escape(words if len(words) <= room else words[: room - 3] + "...")
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _tell(self, lines: tuple[str, ...]) -> None:
        running = self._status is not None
        self.stop()
        super()._tell(lines)
        if running:
            self._show("")
