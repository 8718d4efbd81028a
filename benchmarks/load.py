"""Load by wrk on a pinned process, and what it took: requests a second, latency, processor time a request."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx
import psutil

CONNECTIONS = 32
REPORT = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('REPORT {"requests": %d, "microseconds": %d, "bad": %d, "p50": %f, "p99": %f}\\n',
    summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """`p50` and `p99` in milliseconds, `cpu` in milliseconds of the server's processor time a request."""

    rate: float
    p50: float
    p99: float
    cpu: float


def chosen(about: str | None, tools: Sequence[str], *, seconds: float, rounds: int) -> argparse.Namespace:
    """`seconds` and `rounds` of the command line; ends with exit code 4 when a tool is not on PATH."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--rounds", type=int, default=rounds)
    found = parser.parse_args()
    missing = [name for name in tools if shutil.which(name) is None]
    if missing:
        parser.exit(4, f"this needs {' and '.join(missing)} on PATH\n")
    return found


def server_core() -> int:
    return sorted(os.sched_getaffinity(0))[0]


def load_core() -> int:
    return sorted(os.sched_getaffinity(0))[-1]


def pin(pid: int) -> None:
    """All threads of a process onto the core of the server that is measured."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {server_core()})


def wait(url: str, **headers: str) -> None:
    """Until the server answers well, at most 10 s; raises RuntimeError when it never does."""
    for _ in range(100):
        try:
            httpx.get(url, headers=headers).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"no good answer from {url}")


def ask(
    url: str,
    script: str,
    servers: Sequence[int],
    seconds: float,
    connections: int = CONNECTIONS,
    *,
    refusals: bool = False,
) -> Measured:
    """`script` is Lua for wrk; `servers` are pids.

    Raises RuntimeError when an answer was no success, unless `refusals` are expected.
    """
    watched = [psutil.Process(pid) for pid in servers]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(script + REPORT)
        lua.flush()
        before = _processor_seconds(watched)
        length = f"-d{seconds:g}s"
        program = ["wrk", "-t1", f"-c{connections}", length, "--timeout", "10s", "-s", lua.name, url]
        pinned = ["taskset", "-c", str(load_core()), *program]
        out = subprocess.run(pinned, check=True, capture_output=True, text=True).stdout
        used = _processor_seconds(watched) - before
    report = re.search(r"^REPORT (.*)$", out, re.MULTILINE)
    if report is None:
        raise RuntimeError(f"wrk reported nothing:\n{out}")
    found = json.loads(report[1])
    if found["bad"] and not refusals:
        raise RuntimeError(f"{found['bad']} of {found['requests']} answers were no success:\n{out}")
    rate = found["requests"] / found["microseconds"] * 1e6
    return Measured(rate, found["p50"], found["p99"], used / found["requests"] * 1000)


def in_turn(
    sides: Mapping[str, Callable[[float], Measured]], rounds: int, seconds: float
) -> dict[str, Measured]:
    """Medians of rounds in which each side, given its seconds, has its turn: noise meets all of them."""
    found: dict[str, list[Measured]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, measure in sides.items():
            measured = measure(seconds if turn else 1)
            if turn:  # the first one fills caches
                found[name].append(measured)
    return {name: median(each) for name, each in found.items()}


def median(measured: Sequence[Measured]) -> Measured:
    columns = zip(*((each.rate, each.p50, each.p99, each.cpu) for each in measured), strict=True)
    return Measured(*(statistics.median(column) for column in columns))


def _processor_seconds(watched: Sequence[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in watched)
