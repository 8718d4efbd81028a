"""Slow read: who takes an answer at a trickle or not at all is left, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from services.common import joined_writes, tls
from services.common.drain import public_server
from tests import certificates
from tests.services.people import Person
from tests.services.processes import Platform, Service
from tests.services.running import Upstream, listener, port_of, running, say
from tests.services.slow import SlowReader, narrow

PLENTY = {"LIMIT_AVERAGE": "100000", "LIMIT_BURST": "100000", "DRAIN_SECONDS": "1"}
LARGE = 300_000  # bytes, in about as many as a list can have
DEADLINE, ROOM = 5.0, 2.0  # seconds, and what a busy machine may add
READERS, TRICKLE, PIPELINED = 12, 100, 10
MIB = 1024
ITEMS = """
INSERT INTO items.items (id, owner_id, title, description)
SELECT gen_random_uuid(), '{owner}', repeat(U&'\\0001', 255), repeat(U&'\\0001', 255)
FROM generate_series(1, 100)
"""


@pytest.fixture(params=["gateway", "direct"])
def asked(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Service]:
    """A process of this test's own that answers for items."""
    if request.param == "gateway":
        with platform.gateways(1, **PLENTY) as [found]:
            yield found
    else:
        with platform.another("items") as found:
            yield found


@pytest.fixture
def large(platform: Platform, user: Person) -> bytes:
    """A request whose answer is large."""
    platform.query(ITEMS.format(owner=user.id))
    return f"GET /api/v1/items HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {user.access}\r\n\r\n".encode()


def resident_kib(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def test_slow_read_ends_at_the_deadline_holds_up_nobody_and_fills_no_memory(
    asked: Service, large: bytes, user: Person
) -> None:
    """Of many answers to one connection the next is made when the one before has gone out."""
    port = asked.listener.getsockname()[1]
    url, headers = f"{asked.url}/api/v1/items", {"Authorization": f"Bearer {user.access}"}
    async with httpx.AsyncClient(headers=headers, timeout=5, verify=False) as others:
        assert len((await others.get(url)).content) > LARGE
        before = resident_kib(asked)
        kinds = (
            SlowReader(port, large),
            SlowReader(port, large, TRICKLE),
            SlowReader(port, large * PIPELINED),
        )
        slow = [each for each in kinds for _ in range(READERS)]
        asking = asyncio.gather(*(each.until_left(2 * DEADLINE) for each in slow))
        longest = grown = 0.0
        while not asking.done():
            began = time.monotonic()
            assert (await others.get(f"{url}?limit=1")).status_code == 200
            longest = max(longest, time.monotonic() - began)
            grown = max(grown, resident_kib(asked) - before)
            await asyncio.sleep(0.05)
    ended = await asking
    assert None not in ended  # a trickle is counted from where it last had all that was sent
    assert max(ended[:READERS]) < DEADLINE + ROOM
    assert longest < 2
    assert grown < 2 * len(slow) * LARGE // MIB < READERS * PIPELINED * LARGE // MIB


@contextlib.asynccontextmanager
async def answering(
    monkeypatch: pytest.MonkeyPatch, seconds: float, secure: ssl.SSLContext | None = None
) -> AsyncIterator[tuple]:
    """A server in this process, and its port, which gives its clients `seconds`."""
    monkeypatch.setattr(joined_writes, "TAKE_SECONDS", seconds)
    app = Upstream(lambda seen, send: say(send, 200, b"x" * LARGE))
    listening = listener()
    async with running(public_server(app, keep_idle=30, secure=secure), listening) as server:
        yield server, port_of(listening)


async def test_slow_read_does_not_hold_up_the_end_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(monkeypatch, 0.3) as (server, port):
        reader = asyncio.create_task(SlowReader(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").until_left(5))
        while not server.server_state.connections:
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await server.drain(5)
        assert time.monotonic() - began < 2
        assert await reader is not None


async def test_slow_read_over_tls_is_ended_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One large write is sealed at once, and then waits where the transport does not count it."""
    pair = certificates.make(tmp_path)
    served = tls.Pair(pair.certificate, pair.key).context
    async with answering(monkeypatch, 0.5, served) as (server, port):

        def asking() -> ssl.SSLSocket:
            plain = narrow(port)
            secured = certificates.trusting(pair).wrap_socket(plain, server_hostname="127.0.0.1")
            secured.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return secured

        with await asyncio.to_thread(asking):
            async with asyncio.timeout(5):
                while server.server_state.connections:
                    await asyncio.sleep(0.05)


async def test_who_takes_every_answer_is_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        answering(monkeypatch, 0.05) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client,
    ):
        began, asked = time.monotonic(), 0
        while time.monotonic() - began < 0.5:
            assert len((await client.get("/")).content) == LARGE
            asked += 1
        connections = client._transport._pool.connections
    assert asked > 10
    assert len(connections) == 1
