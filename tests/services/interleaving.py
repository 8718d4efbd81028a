"""An event loop of virtual time, in which what is ready runs in an order that is drawn from a seed.

The libraries simloop and simloom need a newer Python than we support, seedloop is pre-alpha, and looptime and
async-solipsism keep the order of arrival.
"""

from __future__ import annotations

import asyncio
import heapq
import os
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

SLOW_STEPS = 0.02  # the part of all steps that take time
SLOW_SECONDS = 0.02

Scenario = Callable[[Random], Coroutine[Any, Any, None]]


class LostWakeUpError(AssertionError):
    """Somebody waits, and nothing is left that could happen."""


class InterleavedLoop(asyncio.BaseEventLoop):
    """One step at a time; time passes when nothing is ready, and now and then during a step."""

    def __init__(self, draw: Random) -> None:
        super().__init__()
        self._draw = draw
        self._now = 0.0
        self.lag = 0.0  # seconds that steps have taken so far
        self.unhandled: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.unhandled.append(context))

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        self._make_due_ready()
        if not self._ready:
            if not self._scheduled:
                raise LostWakeUpError
            self._now = max(self._now, self._scheduled[0].when())
            self._make_due_ready()
        number = self._draw.randrange(len(self._ready))
        self._ready[0], self._ready[number] = self._ready[number], self._ready[0]
        handle = self._ready.popleft()
        if not handle.cancelled():
            handle._run()
        if self._draw.random() < SLOW_STEPS:
            took = self._draw.uniform(0, SLOW_SECONDS)
            self._now += took
            self.lag += took

    def _make_due_ready(self) -> None:
        while self._scheduled and (self._scheduled[0].cancelled() or self._scheduled[0].when() <= self._now):
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False
            if not handle.cancelled():
                self._ready.append(handle)

    def _process_events(self, event_list: list) -> None:
        """There are none: nothing here reaches outside."""


def interleave(scenario: Scenario, seeds: int) -> None:
    """Runs it once for each seed, or for the one in the variable SEED."""
    chosen = os.environ.get("SEED")
    for seed in [int(chosen)] if chosen else range(seeds):
        draw = Random(seed)
        loop = InterleavedLoop(draw)
        try:
            loop.run_until_complete(scenario(draw))
            assert not loop.unhandled, loop.unhandled
        except BaseException as error:
            name = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
            error.add_note(f"repeat it: SEED={seed} .venv/bin/python -m pytest -m '' '{name}'")
            raise
        finally:
            loop.close()
