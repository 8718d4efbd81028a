"""How large, how many and how long: what a store's vendor allows and a person would wait for."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024
STEPS = 10  # how often the parts of one object double in size


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in bytes, times in seconds.

    `patience` is how long a request is repeated after its first failure, `wait` the longest first wait
    between two attempts, `timeout` how long an answer or a piece of one may take, `window_time` how long
    one range of `window` bytes. `parts` is how many parts the vendor takes: AWS 10,000, some 1,000.
    """

    patience: float = 60.0
    wait: float = 0.2
    timeout: float = 30.0
    part: int = 8 * MIB
    parts: int = 10_000
    window: int = 8 * MIB
    window_time: float = 120.0

    def size(self, number: int) -> int:
        """Of part `number`, counted from 1: it is held in memory, so it only grows as the object does.

        With 10,000 parts it is 8 MiB up to 8 GiB, 64 MiB up to 120 GiB, and 5 TiB fit.
        """
        return self.part << ((number - 1) // max(1, self.parts // STEPS))
