"""How long the embedded target takes, whole commands on a real platform: python -m benchmarks.local."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.e2e.test_watch import REAL, all_ready, seconds_until_served, wait
from tests.environment import Environment

RUNS = 5
LIMITS = {"up, again": 3.0, "save to first answer": 2.0}  # seconds


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="platformctl-"))
    shutil.copytree(REAL, folder / "code" / "services", ignore=shutil.ignore_patterns("__pycache__"))
    environment = Environment(folder, folder / "code")
    try:
        taken = {"up, the first": [timed(environment, "up")]}
        taken["up, again"] = [timed(environment, "up") for _ in range(RUNS)]
        taken["save to first answer"] = watched(environment)
        taken["backup create"] = [timed(environment, "backup", "create") for _ in range(RUNS)]
        taken["restore"] = [timed(environment, "restore", "--yes", "--confirm", "local") for _ in range(RUNS)]
        taken["deploy, nothing new"] = [timed(environment, "deploy") for _ in range(RUNS)]
        taken["down"] = [timed(environment, "down")]
    finally:
        environment.end()
        shutil.rmtree(folder)
    print(f"{'':<22}{'median s':>10}{'worst s':>10}{'limit s':>10}{'runs':>6}")
    for name, each in taken.items():
        limit = f"{LIMITS[name]:.1f}" if name in LIMITS else ""
        print(f"{name:<22}{statistics.median(each):>10.2f}{max(each):>10.2f}{limit:>10}{len(each):>6}")
    return int(any(statistics.median(taken[name]) > limit for name, limit in LIMITS.items()))


def timed(environment: Environment, *words: str) -> float:
    begun = time.monotonic()
    environment.run(*words).data  # noqa: B018  raises when the command failed
    return time.monotonic() - begun


def watched(environment: Environment) -> list[float]:
    """From saving a file of auth to the first answer of its new code; in between, other files stay."""
    process = environment.start("up", "--watch")
    ready = threading.Event()
    for stream in (process.stdout, process.stderr):
        threading.Thread(target=listen, args=(stream, ready), daemon=True).start()
    assert ready.wait(60), "up --watch does not say that it watches"
    try:
        return [saved(environment, f"# saved {number}") for number in range(RUNS)]
    finally:
        process.terminate()
        process.wait(30)


def listen(stream: object, ready: threading.Event) -> None:
    for line in stream:
        if "watching" in line:
            ready.set()


def saved(environment: Environment, comment: str) -> float:
    took = seconds_until_served(environment, comment)
    wait(lambda: all_ready(environment), 60)
    return took


if __name__ == "__main__":
    sys.exit(main())
