"""Stops asking a service that has not answered many times in a row, except for one try now and then."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from services.gateway.refusal import unavailable

FAILURES = 10  # in a row, until it opens
OPEN_SECONDS = 1.0


class Breaker:
    """Closed, or open with at most one try each OPEN_SECONDS; any answer at all closes it."""

    def __init__(self, service: str, clock: Callable[[], float] = monotonic) -> None:
        self._service = service
        self._clock = clock
        self._failures = 0
        self._try_at = 0.0

    @property
    def open(self) -> bool:
        return self._failures >= FAILURES

    def enter(self) -> None:
        """Raises Refusal (503) while open; the one that is let through when it is time is the only one."""
        if not self.open:
            return
        now = self._clock()
        if now < self._try_at:
            raise unavailable(
                503, f"The service {self._service} does not answer at the moment", self._try_at - now
            )
        self._try_at = now + OPEN_SECONDS

    def answered(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures == FAILURES:
            self._try_at = self._clock() + OPEN_SECONDS
