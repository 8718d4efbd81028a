"""Item 4 of the first step: a deploy of code and settings under 100 requests a second fails none of them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
CHANGED = {
    "PLATFORMCTL__SERVICES__ITEMS__REPLICAS": "3",
    "PLATFORMCTL__DATABASE__CONNECTIONS": "6",
    "PLATFORMCTL__DRAIN_SECONDS": "9",
}
RATE = 25  # requests a second from each address
CAUGHT_UP = 0.2  # seconds of a stalled client; more at once would be over the gateway's limit


class Load:
    """Four clients with their own addresses; half of their requests on connections that are kept alive."""

    def __init__(self, gateway: str, token: str, trusted: ssl.SSLContext | bool = True) -> None:
        self._trusted = trusted
        self.answers: Counter[str] = Counter()
        self.slowest = 0.0
        self._url = f"{gateway}/api/v1/items/"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stop = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for address in ADDRESSES:
                group.create_task(self._client(address, keep_alive=True))
                group.create_task(self._client(address, keep_alive=False))

    def stop(self) -> None:
        self._stop.set()

    async def _client(self, address: str, *, keep_alive: bool) -> None:
        connector = aiohttp.TCPConnector(
            local_addr=(address, 0), limit=4, force_close=not keep_alive, ssl=self._trusted
        )
        async with aiohttp.ClientSession(connector=connector, headers=self._headers) as session:
            due = time.monotonic()
            pending = set()
            while not self._stop.is_set():
                task = asyncio.create_task(self._ask(session))
                pending.add(task)
                task.add_done_callback(pending.discard)
                due = max(due, time.monotonic() - CAUGHT_UP) + 2 / RATE
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*pending)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        begun = time.monotonic()
        try:
            async with session.get(self._url) as answer:
                await answer.read()
                self.answers[str(answer.status)] += 1
        except aiohttp.ClientError as error:
            self.answers[f"{type(error).__name__}: {error}"] += 1
        self.slowest = max(self.slowest, time.monotonic() - begun)


async def log_in(gateway: str, up: dict, trusted: ssl.SSLContext | bool = True) -> str:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
        form = {"username": up["login"], "password": up["password"]}
        async with session.post(f"{gateway}/api/v1/login/access-token", data=form) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.json())["access_token"]


@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_a_deploy_under_load_fails_no_request(make_environment):
    environment = make_environment(editable=True)
    up = environment.run("up").data
    load = Load(up["gateway"], await log_in(up["gateway"], up))
    running = asyncio.create_task(load.run())
    await asyncio.sleep(2)
    begun = time.monotonic()
    before = await asyncio.to_thread(environment.pids)
    for service in ("auth", "users", "items", "gateway"):
        app = Path(environment.services) / "services" / service / "app.py"
        app.write_text(app.read_text() + "\n# the next release\n")
    deployed = await asyncio.to_thread(environment.run, "deploy", **CHANGED)
    took = time.monotonic() - begun
    await asyncio.sleep(1)
    load.stop()
    await running
    assert deployed.code == 0, deployed.out + deployed.err
    after = {each["name"]: each["pid"] for each in environment.run("status", **CHANGED).data["processes"]}
    assert "items-2" in after
    assert after["postgres"] == before["postgres"]
    before["items-2"] = None
    assert all(after[name] != before[name] for name in after if name != "postgres")
    assert set(load.answers) == {"200"}, load.answers
    assert load.answers["200"] >= 0.9 * 100 * took
    print(f"{load.answers['200']} requests, 0 failed, slowest {load.slowest:.2f} s, deploy {took:.1f} s")
