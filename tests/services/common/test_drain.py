"""A process ends without a client noticing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import httpx

from tests.services.common.processes import control, launch, process, until_ready
from tests.services.running import Upstream, listener, port_of, serving, unused_port

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class RawClient:
    """One keep-alive connection without a library that would hide a reset by trying again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str = "/") -> tuple[bytes, bytes]:
        """Head and body; reconnects only after a `Connection: close`."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(GET.replace(b"/ ", path.encode() + b" ", 1))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if b"connection: close" in head.lower():
            self.close()
        return head, body

    async def closed_by_server(self) -> bool:
        assert self._streams is not None
        return await self._streams[0].read(1) == b""

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def load(port: int, until: asyncio.Event, pause: float) -> tuple[int, set[int], list[BaseException]]:
    client, count, pids, failures = RawClient(port), 0, set(), []
    while not until.is_set():
        try:
            _, body = await client.get()
            pids.add(json.loads(body)["pid"])
            count += 1
        except (OSError, asyncio.IncompleteReadError) as error:
            failures.append(error)
            client = RawClient(port)
        await asyncio.sleep(pause)
    client.close()
    return count, pids, failures


async def stop(started: asyncio.subprocess.Process, number: int = signal.SIGTERM) -> float:
    """Seconds until the process had ended."""
    began = time.monotonic()
    started.send_signal(number)
    async with asyncio.timeout(20):
        await started.wait()
    return time.monotonic() - began


async def test_replacing_both_processes_one_by_one_under_load_fails_no_request(tmp_path: Path) -> None:
    """Keep-alive clients at several paces, so that the signal meets idle, busy and new connections."""
    done = asyncio.Event()
    with listener() as shared:
        port = port_of(shared)
        async with process(shared, tmp_path / "0.sock") as one, process(shared, tmp_path / "1.sock") as two:
            loads = [
                asyncio.create_task(load(port, done, pause)) for pause in (0, 0.001, 0.003, 0.01, 0.03, 0.05)
            ]
            await asyncio.sleep(0.5)
            assert await stop(one) < 3
            async with process(shared, tmp_path / "2.sock") as three:
                await asyncio.sleep(0.2)
                assert await stop(two) < 3
                await asyncio.sleep(0.2)
                done.set()
                results = [await each for each in loads]
                pids = set().union(*(seen for _, seen, _ in results))
    assert [failure for _, _, failures in results for failure in failures] == []
    assert sum(count for count, _, _ in results) > 500
    assert three.pid in pids
    assert pids & {one.pid, two.pid}
    assert (one.returncode, two.returncode) == (0, 0)


async def test_an_idle_connection_is_answered_once_more_and_then_closed(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock") as started:
            client = RawClient(port_of(shared))
            head, _ = await client.get()
            assert b"connection: close" not in head
            started.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            assert started.returncode is None
            head, body = await client.get()
            assert b"connection: close" in head
            assert json.loads(body) == {"pid": started.pid}
            async with asyncio.timeout(3):
                assert await started.wait() == 0


async def test_a_request_under_way_is_answered_and_closes_its_connection(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock") as started:
            under_way = asyncio.create_task(RawClient(port_of(shared)).get("/?seconds=1"))
            await asyncio.sleep(0.3)
            assert 0.5 < await stop(started) < 3
            head, _ = await under_way
            assert b"200 OK" in head
            assert b"connection: close" in head


async def test_draining_says_not_ready_and_accepts_nothing(tmp_path: Path) -> None:
    port, path = unused_port(), tmp_path / "c.sock"
    async with process(None, path, HOST="127.0.0.1", PORT=str(port)) as started:
        idle = RawClient(port)
        await idle.get()
        started.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        async with control(path) as client:
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["ready"]) == (503, False)
            assert "stopping" in ready.json()["checks"]["draining"]
            assert (await client.get("/livez")).status_code == 200
        with socket.socket() as other:
            assert other.connect_ex(("127.0.0.1", port)) != 0
        await idle.get()


async def test_connections_that_arrive_while_nobody_accepts_wait_in_the_shared_queue(tmp_path: Path) -> None:
    with listener() as shared:
        port = port_of(shared)
        async with process(shared, tmp_path / "0.sock") as one:
            await stop(one)
        waiting = asyncio.create_task(RawClient(port).get())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        async with process(shared, tmp_path / "1.sock") as two:
            _, body = await waiting
            assert json.loads(body) == {"pid": two.pid}


async def test_a_client_that_never_leaves_is_left_at_the_deadline(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock", DRAIN_SECONDS="0.5") as started:
            client = RawClient(port_of(shared))
            await client.get()
            assert 0.5 <= await stop(started) < 2.5
            assert started.returncode == 0
            assert await client.closed_by_server()


async def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock") as started:
            client = RawClient(port_of(shared))
            await client.get()
            started.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            assert await stop(started, signal.SIGINT) < 1.5


async def test_a_pool_that_closes_idle_connections_soon_lets_the_process_end_soon(tmp_path: Path) -> None:
    """The gateway's settings: a service that it has just asked ends in about 2 s, not in DRAIN_SECONDS."""
    with listener() as shared:
        connector = aiohttp.TCPConnector(keepalive_timeout=1)
        async with (
            process(shared, tmp_path / "c.sock") as started,
            aiohttp.ClientSession(connector=connector) as session,
        ):
            async with session.get(f"http://127.0.0.1:{port_of(shared)}/") as answer:
                await answer.read()
            assert await stop(started) < 3.5


async def test_a_process_told_to_stop_while_it_starts_ends(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    with listener() as shared:
        async with process(shared, path, ready=False) as started:
            async with asyncio.timeout(10):
                while not path.is_socket():
                    await asyncio.sleep(0.001)
            assert await stop(started) < 3


async def test_pipelined_requests_are_all_answered_before_the_close(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock") as started:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(shared))
            writer.write(GET.replace(b"/ ", b"/?seconds=0.5 ", 1) + GET)
            await asyncio.sleep(0.2)
            started.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                answered = await reader.read()
            writer.close()
            assert answered.count(b"HTTP/1.1 200 OK") == 2
            assert answered.count(b"connection: close") == 1


async def test_the_gateway_itself_is_replaced_without_a_failed_request(tmp_path: Path) -> None:
    """Two gateways share a socket before one service; one is replaced under load."""
    done = asyncio.Event()
    async with serving(Upstream()) as service:
        with listener() as shared:
            addresses = {f"{name}_URL": f"http://127.0.0.1:{service}" for name in ("AUTH", "USERS", "ITEMS")}
            limits = {
                "LIMIT_AVERAGE": "10000",
                "LIMIT_BURST": "10000",
                "STATE_FILE": str(tmp_path / "state.json"),
            }
            variables = addresses | limits
            others = gateway(shared, tmp_path / "1.sock", variables)
            async with gateway(shared, tmp_path / "0.sock", variables) as one, others:
                statuses = asyncio.create_task(ask(f"http://127.0.0.1:{port_of(shared)}/api/v1/items/", done))
                await asyncio.sleep(0.4)
                assert await stop(one) < 4
                await asyncio.sleep(0.2)
                done.set()
                found = await statuses
    assert set(found) == {200}
    assert len(found) > 200


@contextlib.asynccontextmanager
async def gateway(
    shared: socket.socket, path: Path, variables: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await launch(
        shared, "-m", "services.common.serve", "gateway", CONTROL_SOCKET=str(path), **variables
    )
    draining = asyncio.create_task(started.stdout.read())
    try:
        await until_ready(path)
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()
        await draining


async def ask(url: str, until: asyncio.Event) -> list[int]:
    statuses = []
    async with httpx.AsyncClient() as client:
        while not until.is_set():
            statuses.append((await client.get(url)).status_code)
            await asyncio.sleep(0.001)
    return statuses
