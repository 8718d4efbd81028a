"""A process ends without a client noticing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.services.common.processes import control, launch, process, until_ready
from tests.services.running import Upstream, listener, port_of, serving, unused_port

# seconds; well below DRAIN_SECONDS, with room for a busy machine
PROMPT = 6
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


class Load:
    """Clients that ask again and again until told to end; what they saw adds up here."""

    def __init__(self, port: int, path: str = "/") -> None:
        self._port = port
        self._path = path
        self._done = asyncio.Event()
        self.heads: Counter[bytes] = Counter()
        self.pids: set[int] = set()
        self.failures: list[BaseException] = []

    async def ask(self, pause: float) -> None:
        client = RawClient(self._port)
        while not self._done.is_set():
            try:
                head, body = await client.get(self._path)
                self.heads[head.partition(b"\r\n")[0]] += 1
                self.pids.add(json.loads(body).get("pid"))
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failures.append(error)
                client.close()
            await asyncio.sleep(pause)
        client.close()

    async def more(self, requests: int) -> None:
        """Waits until so many have been answered from now on."""
        enough = self.heads.total() + requests
        async with asyncio.timeout(30):
            while self.heads.total() < enough:
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def under_way(self, *pauses: float) -> AsyncIterator[None]:
        """One client for each pause between its requests."""
        clients = [asyncio.create_task(self.ask(pause)) for pause in pauses]
        try:
            yield
        finally:
            self._done.set()
            await asyncio.gather(*clients)


async def stop(started: asyncio.subprocess.Process, number: int = signal.SIGTERM) -> float:
    """Seconds until the process had ended."""
    began = time.monotonic()
    started.send_signal(number)
    async with asyncio.timeout(20):
        await started.wait()
    return time.monotonic() - began


async def test_replacing_both_processes_one_by_one_under_load_fails_no_request(tmp_path: Path) -> None:
    """Keep-alive clients at several paces, so that the signal meets idle, busy and new connections."""
    with listener() as shared:
        load = Load(port_of(shared))
        first, second = process(shared, tmp_path / "0.sock"), process(shared, tmp_path / "1.sock")
        paces = (0, 0.001, 0.003, 0.01, 0.03, 0.05)
        async with first as one, second as two, contextlib.AsyncExitStack() as later, load.under_way(*paces):
            await load.more(200)
            assert await stop(one) < PROMPT
            three = await later.enter_async_context(process(shared, tmp_path / "2.sock"))
            await load.more(200)
            assert await stop(two) < PROMPT
            await load.more(200)
    assert load.failures == []
    assert set(load.heads) == {b"HTTP/1.1 200 OK"}
    assert three.pid in load.pids
    assert load.pids & {one.pid, two.pid}
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
            async with asyncio.timeout(PROMPT):
                assert await started.wait() == 0


async def test_a_request_under_way_is_answered_and_closes_its_connection(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock") as started:
            under_way = asyncio.create_task(RawClient(port_of(shared)).get("/?seconds=1"))
            await asyncio.sleep(0.3)
            assert 0.5 < await stop(started) < PROMPT
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
            assert 0.5 <= await stop(started) < PROMPT
            assert started.returncode == 0
            assert await client.closed_by_server()


async def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    with listener() as shared:
        async with process(shared, tmp_path / "c.sock") as started:
            client = RawClient(port_of(shared))
            await client.get()
            started.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            assert await stop(started, signal.SIGINT) < PROMPT


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
            assert await stop(started) < PROMPT


async def test_a_process_told_to_stop_while_it_starts_ends(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    with listener() as shared:
        async with process(shared, path, ready=False) as started:
            async with asyncio.timeout(10):
                while not path.is_socket():
                    await asyncio.sleep(0.001)
            assert await stop(started) < PROMPT


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
    async with serving(Upstream()) as service:
        addresses = {f"{name}_URL": f"http://127.0.0.1:{service}" for name in ("AUTH", "USERS", "ITEMS")}
        variables = addresses | {"LIMIT_AVERAGE": "10000", "LIMIT_BURST": "10000"}
        variables |= {"STATE_FILE": str(tmp_path / "state.json")}
        with listener() as shared:
            load = Load(port_of(shared), "/api/v1/items/")
            first = gateway(shared, tmp_path / "0.sock", variables)
            second = gateway(shared, tmp_path / "1.sock", variables)
            async with first as one, second, load.under_way(0, 0.01, 0.05):
                await load.more(150)
                assert await stop(one) < PROMPT
                await load.more(150)
    assert load.failures == []
    assert set(load.heads) == {b"HTTP/1.1 200 OK"}


async def test_a_request_still_held_when_draining_is_over_is_told_to_come_back(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    variables = {f"{name}_URL": f"http://127.0.0.1:{unused_port()}" for name in ("AUTH", "USERS", "ITEMS")}
    variables |= {"STATE_FILE": str(tmp_path / "state.json"), "DRAIN_SECONDS": "0.3"}
    with listener() as shared:
        async with gateway(shared, path, variables) as started, control(path) as client:
            await client.put("/control/hold", json={"id": "a", "seconds": 60})
            held = asyncio.create_task(RawClient(port_of(shared)).get("/api/v1/items/"))
            await asyncio.sleep(0.2)
            assert await stop(started) < PROMPT
            head, body = await held
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body) == {"detail": "The gateway is stopping"}
    assert started.returncode == 0


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
