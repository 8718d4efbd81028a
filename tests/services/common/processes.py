"""Starts service processes as a supervisor does, the listening socket as descriptor 0, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

PROBE = ("-m", "tests.services.common.probe")


@contextlib.asynccontextmanager
async def process(
    shared: socket.socket | None, control: Path, *, ready: bool = True, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The probe, once it is ready; killed at the end if it is still there."""
    started = await launch(shared, *PROBE, CONTROL_SOCKET=str(control), **{"PROBE_WORD": "ready"} | variables)
    try:
        if ready:
            await until_ready(control)
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def launch(
    shared: socket.socket | None, *arguments: str, **variables: str
) -> asyncio.subprocess.Process:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL if shared is None else shared.fileno(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=kept | variables,
    )


def control(path: Path) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(path), verify=False)
    return httpx.AsyncClient(transport=transport, base_url="http://control", timeout=10)


async def until_ready(path: Path) -> None:
    async with asyncio.timeout(15), control(path) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.02)
