"""Our gateway, every feature on, against nginx and haproxy, on one core each: python -m benchmarks.gateway.

Needs wrk, taskset, nginx and haproxy. The service behind both is another nginx, which answers at once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks import load
from benchmarks.peers import haproxy, nginx
from tests.environment import free_port

PATH = "/api/v1/items/3f1c7cd0-0f7c-4a0f-9d40-8e1b6a1d2f11"
SHARE = 0.10  # of nginx's requests a second, at least
ADDED = 0.5  # milliseconds at one request at a time, at most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    missing = [name for name in ("wrk", "taskset", "nginx", "haproxy") if shutil.which(name) is None]
    if missing:
        print(f"this needs {' and '.join(missing)} on PATH", file=sys.stderr)
        return 4
    service, peer, other = free_port(), free_port(), free_port()
    core = load.server_core()
    with (
        nginx.running("service", nginx.SERVICE, load.load_core(), port=service),
        nginx.running("gateway", nginx.GATEWAY, core, port=peer, upstream=service) as peers,
        haproxy.running(core, port=other, upstream=service) as theirs,
        ours(service) as (port, mine),
    ):
        sides: dict[str, tuple[int, list[int]]] = {
            "ours": (port, [mine]),
            "nginx": (peer, _workers(peers)),
            "haproxy": (other, [theirs]),
            "direct": (service, []),
        }
        for at, _ in sides.values():
            load.wait(f"http://127.0.0.1:{at}{PATH}")
        many = in_turn(sides, chosen, 32)
        single = in_turn(sides, chosen, 1)
    return show(many, single)


def in_turn(
    sides: dict[str, tuple[int, list[int]]], chosen: argparse.Namespace, connections: int
) -> dict[str, load.Measured]:
    """Medians of rounds in which each side has its turn, so that noise meets all of them."""
    found: dict[str, list[load.Measured]] = {name: [] for name in sides}
    for turn in range(chosen.rounds + 1):
        for name, (port, pids) in sides.items():
            url = f"http://127.0.0.1:{port}{PATH}"
            measured = load.ask(url, "", pids, chosen.seconds if turn else 1, connections)
            if turn:  # the first one fills caches
                found[name].append(measured)
    return {name: load.median(each) for name, each in found.items()}


def show(many: dict[str, load.Measured], single: dict[str, load.Measured]) -> int:
    print(f"{'':<8}{'per second':>12}{'CPU ms':>9}{'p50 ms, alone':>15}{'added ms':>10}")
    for name, each in many.items():
        added = single[name].p50 - single["direct"].p50
        print(f"{name:<8}{each.rate:>12.0f}{each.cpu:>9.3f}{single[name].p50:>15.3f}{added:>10.3f}")
    share = many["ours"].rate / many["nginx"].rate
    added = single["ours"].p50 - single["direct"].p50
    print(f"\nof nginx: {share:.3f} (at least {SHARE}); added p50: {added:.2f} ms (at most {ADDED})")
    return int(share < SHARE or added > ADDED)


@contextmanager
def ours(service: int) -> Iterator[tuple[int, int]]:
    folder = Path(tempfile.mkdtemp(prefix="gw-", dir="/tmp"))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.listen(512)
    plenty = dict.fromkeys(
        ("LIMIT_AVERAGE", "LIMIT_BURST", "LOGIN_LIMIT_AVERAGE", "LOGIN_LIMIT_BURST"), "1000000"
    )
    addresses = {f"{name}_URL": f"http://127.0.0.1:{service}" for name in ("AUTH", "USERS", "ITEMS")}
    places = {"CONTROL_SOCKET": str(folder / "control"), "STATE_FILE": str(folder / "state")}
    program = [
        "taskset",
        "-c",
        str(load.server_core()),
        sys.executable,
        "-m",
        "services.common.serve",
        "gateway",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            program, stdin=listener.fileno(), stdout=log, env={**os.environ, **plenty, **addresses, **places}
        )
    try:
        yield listener.getsockname()[1], process.pid
    finally:
        process.terminate()
        process.wait(20)
        listener.close()
        shutil.rmtree(folder)


def _workers(pids: list[int]) -> list[int]:
    time.sleep(0.5)
    return [child.pid for pid in pids for child in psutil.Process(pid).children()]


if __name__ == "__main__":
    sys.exit(main())
