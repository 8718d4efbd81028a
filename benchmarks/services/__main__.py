"""Ours against the usual FastAPI template, on one core, on the same data: python -m benchmarks.services.

Needs wrk and taskset. Each round asks both in turn, so that a busy moment meets both.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import httpx
import jwt

from benchmarks import load
from tests.postgres import Postgres, discard, launch
from tests.services.processes import Platform

ITEMS = 10_000
OWN = 1_000
KINDS = {"GET by id": 3.0, "list of 20": 3.0, "POST": 3.0}  # times as many as the template, at least


@dataclass(frozen=True)
class Side:
    url: str
    token: str
    pid: int


def script(kind: str, token: str, ids: list[str]) -> str:
    head = f'wrk.headers["Authorization"] = "Bearer {token}"\n'
    if kind == "GET by id":
        listed = ", ".join(f'"{each}"' for each in ids)
        return head + (
            f"local ids = {{{listed}}}\nlocal at = 0\n"
            "request = function() at = at % #ids + 1; "
            'return wrk.format("GET", "/api/v1/items/" .. ids[at]) end\n'
        )
    if kind == "list of 20":
        return head + 'request = function() return wrk.format("GET", "/api/v1/items/?limit=20") end\n'
    return head + (
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        'wrk.body = \'{"title": "a title", "description": "some words about it"}\'\n'
        'request = function() return wrk.format("POST", "/api/v1/items/") end\n'
    )


def main() -> int:
    chosen = load.chosen(__doc__, ("wrk", "taskset"), seconds=6, rounds=5)
    with server() as postgres, both(postgres) as (ours, peer, ids):
        found = {kind: compared(kind, (ours, peer), ids, chosen) for kind in KINDS}
    show(found)
    return int(any(mine.rate / theirs.rate < KINDS[kind] for kind, (mine, theirs) in found.items()))


def compared(
    kind: str, sides: tuple[Side, Side], ids: list[str], chosen: argparse.Namespace
) -> tuple[load.Measured, load.Measured]:
    asks = {
        str(side.pid): partial(load.ask, side.url, script(kind, side.token, ids), [side.pid])
        for side in sides
    }
    mine, theirs = load.in_turn(asks, chosen.rounds, chosen.seconds).values()
    return mine, theirs


def show(found: dict[str, tuple[load.Measured, load.Measured]]) -> None:
    print(
        f"{'':<12}{'ours/s':>9}{'peer/s':>9}{'ratio':>7}{'p50 ms':>8}{'p99 ms':>8}"
        f"{'CPU ms':>8}{'peer CPU':>9}"
    )
    for kind, (mine, theirs) in found.items():
        print(
            f"{kind:<12}{mine.rate:>9.0f}{theirs.rate:>9.0f}{mine.rate / theirs.rate:>7.2f}"
            f"{mine.p50:>8.1f}{mine.p99:>8.1f}{mine.cpu:>8.2f}{theirs.cpu:>9.2f}"
        )


@contextmanager
def server() -> Iterator[Postgres]:
    postgres = launch()
    try:
        os.sched_setaffinity(postgres.process.pid, {load.load_core()})
        yield postgres
    finally:
        discard(postgres)


@contextmanager
def both(postgres: Postgres) -> Iterator[tuple[Side, Side, list[str]]]:
    platform = Platform(
        postgres, "bench", {name: {"LOG_LEVEL": "INFO"} for name in ("auth", "users", "items")}
    )
    listener = socket.create_server(("127.0.0.1", 0))
    key = secrets.token_urlsafe(48)
    peer = None
    try:
        platform.start()
        token, user = sign_in(platform)
        ids = fill(platform, user)
        url = platform.postgres
        address = (
            f"postgresql+psycopg://postgres:{url.password}@127.0.0.1:{url.port}/{platform.database.name}"
        )
        variables = {**os.environ, "DATABASE_URL": address, "SECRET_KEY": key}
        program = [
            "taskset",
            "-c",
            str(load.server_core()),
            sys.executable,
            "-m",
            "benchmarks.peers.template",
        ]
        peer = subprocess.Popen(program, stdin=listener.fileno(), env=variables)
        items = platform.services["items"]
        load.pin(items.process.pid)
        theirs = Side(f"http://127.0.0.1:{listener.getsockname()[1]}", template_token(user, key), peer.pid)
        load.wait(f"{theirs.url}/api/v1/items/?limit=1", Authorization=f"Bearer {theirs.token}")
        yield Side(items.url, token, items.process.pid), theirs, ids
    finally:
        if peer:
            peer.terminate()
            peer.wait(15)
        listener.close()
        platform.stop()


def sign_in(platform: Platform) -> tuple[str, str]:
    """A token of the first superuser's making for an ordinary user, and that user's id."""
    email, password = "bench@example.com", secrets.token_urlsafe()
    with httpx.Client(timeout=20) as client:
        made = client.post(
            f"{platform.services['users'].url}/api/v1/users/signup",
            json={"email": email, "password": password},
        )
        made.raise_for_status()
        form = {"username": email, "password": password}
        answer = client.post(f"{platform.services['auth'].url}/api/v1/login/access-token", data=form)
        answer.raise_for_status()
    return answer.json()["access_token"], made.json()["id"]


def fill(platform: Platform, user: str) -> list[str]:
    """Items of the user among those of others; answers the ids of the user's."""
    platform.query(
        "INSERT INTO items.items (id, title, description, owner_id, created_at) "
        "SELECT gen_random_uuid(), 'item ' || n, 'words about ' || n, "
        f"CASE WHEN n <= {OWN} THEN '{user}'::uuid ELSE gen_random_uuid() END, now() - n * interval '1 s' "
        f"FROM generate_series(1, {ITEMS}) n; ANALYZE items.items;"
    )
    return [
        str(uuid.UUID(row)) for row in platform.query(f"SELECT id FROM items.items WHERE owner_id = '{user}'")
    ]


def template_token(user: str, key: str) -> str:
    return jwt.encode({"sub": user, "exp": int(time.time()) + 3600}, key, algorithm="HS256")


if __name__ == "__main__":
    sys.exit(main())
