"""How fast a visitor asks: below the gateway's limits, and slower when it is told so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# A second, and at once above that: below the gateway's defaults, each replica of which grants its share.
ALL, KEPT, SENSITIVE = (35.0, 12.0), (20.0, 8.0), (4.0, 5.0)
SLOWEST = 0.5
LONGEST = 10.0  # seconds that an answer may make us wait


class Pace:
    """`rate` requests a second and `burst` at once."""

    def __init__(
        self,
        rate: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / rate
        self._tolerance = (burst - 1) * self._interval
        self._clock, self._sleep = clock, sleep
        self._full_at = clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until the next request may go out."""
        with self._lock:
            now = self._clock()
            self._full_at = max(now, self._full_at) + self._interval
            wait = self._full_at - self._interval - now - self._tolerance
        if wait > 0:
            self._sleep(wait)

    def refused(self, retry_after: str | None) -> None:
        """Wait as long as the answer said, and ask more slowly from now on."""
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else 1.0
        with self._lock:
            self._interval = min(1 / SLOWEST, self._interval * 1.25)
            self._tolerance = 0.0
        self._sleep(min(seconds, LONGEST))

    def spent(self) -> None:
        """Many were asked at once: the allowance is used up."""
        with self._lock:
            self._full_at = max(self._full_at, self._clock() + self._tolerance)
