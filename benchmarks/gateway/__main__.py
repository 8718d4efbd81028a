"""Our gateway, every feature on, against nginx and haproxy, on one core each: python -m benchmarks.gateway.

Needs wrk, taskset, nginx and haproxy. The service behind both is another nginx, which answers at once.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from benchmarks import load
from benchmarks.peers import haproxy, nginx
from tests.environment import free_port

PATH = "/api/v1/items/3f1c7cd0-0f7c-4a0f-9d40-8e1b6a1d2f11"
SHARE = 0.10  # of nginx's requests a second, at least
ADDED = 0.5  # milliseconds at one request at a time, at most


def main() -> int:
    chosen = load.chosen(__doc__, ("wrk", "taskset", "nginx", "haproxy"), seconds=6, rounds=5)
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
        many, single = (
            load.in_turn(
                {name: partial(ask, *each, connections) for name, each in sides.items()},
                chosen.rounds,
                chosen.seconds,
            )
            for connections in (32, 1)
        )
    return show(many, single)


def ask(port: int, pids: list[int], connections: int, seconds: float) -> load.Measured:
    return load.ask(f"http://127.0.0.1:{port}{PATH}", "", pids, seconds, connections)


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
