"""How long `--version` and `--help` take over the interpreter itself: python -m benchmarks.startup."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15
LIMITS = {"--version": 50.0, "--help": 300.0}  # milliseconds over `python -c pass`


def seconds(arguments: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    subprocess.run((sys.executable, *arguments), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def medians(commands: dict[str, tuple[str, ...]]) -> dict[str, float]:
    """Milliseconds of each command; taken in turns, so that a busy moment meets all of them."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for arguments in commands.values():
        seconds(arguments)  # fills the page cache and writes the byte code
    for _ in range(RUNS):
        for name, arguments in commands.items():
            taken[name].append(seconds(arguments))
    return {name: statistics.median(each) * 1000 for name, each in taken.items()}


def main() -> int:
    commands = {"python -c pass": ("-c", "pass")}
    commands |= {option: ("-m", "platformctl", option) for option in LIMITS}
    measured = medians(commands)
    base = measured.pop("python -c pass")
    print(f"median of {RUNS} runs; python -c pass takes {base:.0f} ms\n")
    print(f"{'command':<24}{'ms':>6}{'ms over it':>12}{'limit':>8}{'ratio':>8}")
    for option, each in measured.items():
        over = each - base
        print(f"platformctl {option:<12}{each:>6.0f}{over:>12.0f}{LIMITS[option]:>8.0f}{each / base:>8.1f}")
    return int(any(measured[option] - base > limit for option, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
