"""How a service process begins: what it listens on, what it needs, and how it says that it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
from pathlib import Path

import httpx
import pytest

from tests.services.common.processes import PROBE, control, launch, process
from tests.services.running import listener, port_of, unused_port


async def outcome(
    *arguments: str, shared: socket.socket | None = None, **variables: str
) -> tuple[int, list[str]]:
    started = await launch(shared, *arguments, **variables)
    output, _ = await started.communicate()
    return started.returncode or 0, output.decode().splitlines()


async def test_all_missing_variables_are_named_at_once_in_one_line() -> None:
    code, lines = await outcome("-m", "services.common.serve", "gateway", AUTH_URL="nonsense")
    (line,) = [json.loads(each) for each in lines]
    assert code == 78
    assert line["service"] == "gateway"
    assert line["missing"] == ["CONTROL_SOCKET", "ITEMS_URL", "STATE_FILE", "USERS_URL"]
    assert list(line["invalid"]) == ["AUTH_URL"]


async def test_an_unknown_service_is_a_usage_error() -> None:
    code, lines = await outcome("-m", "services.common.serve", "nothing")
    assert code == 2
    assert "invalid choice" in lines[-1]


async def test_a_port_in_use_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with listener() as taken:
        port = port_of(taken)
        variables = {"HOST": "127.0.0.1", "PORT": str(port), "PROBE_WORD": "ready"}
        code, lines = await outcome(*PROBE, CONTROL_SOCKET=str(tmp_path / "c.sock"), **variables)
    assert code == 71
    assert f"cannot listen on 127.0.0.1:{port}" in json.loads(lines[-1])["error"]
    assert list(tmp_path.iterdir()) == []


async def test_a_file_in_place_of_the_control_socket_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    path.write_text("precious")
    variables = {"HOST": "127.0.0.1", "PORT": "0", "PROBE_WORD": "ready"}
    code, lines = await outcome(*PROBE, CONTROL_SOCKET=str(path), **variables)
    assert (code, path.read_text()) == (71, "precious")
    assert f"cannot listen on {path}" in json.loads(lines[-1])["error"]


async def test_it_serves_on_host_and_port_when_descriptor_0_is_no_socket(tmp_path: Path) -> None:
    port = unused_port()
    async with (
        process(None, tmp_path / "c.sock", HOST="127.0.0.1", PORT=str(port)),
        httpx.AsyncClient(verify=False) as client,
    ):
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200


async def test_a_connected_socket_as_descriptor_0_is_not_taken_for_the_listener(tmp_path: Path) -> None:
    port = unused_port()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        started = process(theirs, tmp_path / "c.sock", HOST="127.0.0.1", PORT=str(port))
        async with started, httpx.AsyncClient(verify=False) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
async def test_it_serves_on_the_socket_handed_over_as_descriptor_0(family: int, tmp_path: Path) -> None:
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    try:
        shared = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    url = f"http://{f'[{host}]' if ':' in host else host}:{port_of(shared)}/"
    async with process(shared, tmp_path / "c.sock") as started, httpx.AsyncClient(verify=False) as client:
        answers = []
        for _ in range(20):
            began = asyncio.get_running_loop().time()
            assert (await client.get(url)).json() == {"pid": started.pid}
            answers.append(asyncio.get_running_loop().time() - began)
        assert sorted(answers)[10] < 0.03, "an answer waits for Nagle's algorithm"
    shared.close()


async def test_the_control_socket_is_private_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    with listener() as shared:
        async with process(shared, path) as first:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
            first.send_signal(signal.SIGKILL)
            await first.wait()
        assert path.is_socket()
        async with process(shared, path), control(path) as client:
            assert (await client.get("/livez")).json() == {"alive": True}


async def test_the_control_listener_tells_life_readiness_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    with listener() as shared:
        async with process(shared, path, RELEASE="r7"), control(path) as client:
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()) == (
                200,
                {
                    "ready": True,
                    "service": "items",
                    "release": "r7",
                    "checks": {"draining": "ok", "word": "ok"},
                    "ages": {},
                },
            )
            assert b"# HELP http_requests_total" in (await client.get("/metrics")).content
            assert (await client.get("/control/state")).status_code == 404
        async with process(shared, path, ready=False, PROBE_WORD="late"), control(path) as client:
            answer = await _first(client, "/readyz")
            assert (answer.status_code, answer.json()["checks"]["word"]) == (503, "the word is late")


async def _first(client: httpx.AsyncClient, path: str) -> httpx.Response:
    async with asyncio.timeout(10):
        while True:
            try:
                answer = await client.get(path)
                if "word" in answer.json()["checks"]:
                    return answer
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.02)
