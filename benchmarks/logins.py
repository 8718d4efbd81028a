"""Logins end to end, auth and users on one core, and the memory of 200 at once: python -m benchmarks.logins.

Needs wrk and taskset.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil

from benchmarks import load
from tests.postgres import discard, launch
from tests.services.processes import Platform, serving

RATE = 25.0  # logins a second and core, at least
MEMORY = 256.0  # MiB of each process under 200 at once, at most
ACCOUNTS = 250
PASSWORD = "correct horse battery staple"  # noqa: S105 - of accounts that live for one measurement
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local at = 0
request = function()
  at = at % ACCOUNTS + 1
  return wrk.format("POST", nil, nil, "username=user" .. at .. "%40example.com&password=PASSWORD")
end
""".replace("ACCOUNTS", str(ACCOUNTS)).replace("PASSWORD", PASSWORD.replace(" ", "+"))


def main() -> int:
    chosen = load.chosen(__doc__, ("wrk", "taskset"), seconds=10, rounds=3)
    postgres = launch()
    try:
        with serving(postgres, "logins", {"users": {"PRIVATE_USERS": "true"}}) as platform:
            return measure(platform, chosen)
    finally:
        discard(postgres)


def measure(platform: Platform, chosen: argparse.Namespace) -> int:
    sign_up(platform)
    pids = [platform.services[name].process.pid for name in ("auth", "users")]  # type: ignore[union-attr]
    for pid in pids:
        load.pin(pid)
    url = f"{platform.services['auth'].url}/api/v1/login/access-token"
    found = load.median([load.ask(url, SCRIPT, pids, chosen.seconds, 8) for _ in range(chosen.rounds)])
    with peaks(pids) as highest:
        load.ask(url, SCRIPT, pids, chosen.seconds, 200, refusals=True)  # some are told to come back
    print(f"logins per second and core  {found.rate:.1f} (at least {RATE:g})")
    print(f"CPU ms a login              {found.cpu:.1f}")
    print(f"p50, p99 ms at 8 at once    {found.p50:.0f}, {found.p99:.0f}")
    for name, peak in zip(("auth", "users"), highest, strict=True):
        print(f"{name} MiB under 200 at once  {peak:.0f} (at most {MEMORY:g})")
    return int(found.rate < RATE or max(highest) > MEMORY)


def sign_up(platform: Platform) -> None:
    address = f"{platform.services['users'].url}/api/v1/private/users/"
    with httpx.Client(timeout=30) as client:
        for number in range(1, ACCOUNTS + 1):
            person = {"email": f"user{number}@example.com", "password": PASSWORD, "full_name": "somebody"}
            client.post(address, json=person).raise_for_status()


@contextmanager
def peaks(pids: list[int]) -> Iterator[list[float]]:
    """The highest memory (resident, MiB) of each process while the block runs."""
    highest = [0.0 for _ in pids]
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            for number, pid in enumerate(pids):
                highest[number] = max(highest[number], psutil.Process(pid).memory_info().rss / 2**20)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield highest
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
