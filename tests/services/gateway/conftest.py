"""A gateway before one service that stands for all three, each a real server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.common import tls
from services.common.control import Control
from services.common.drain import control_server, public_server
from services.gateway.app import Gateway
from services.gateway.settings import Settings
from tests.certificates import Pair, trusting
from tests.services.processes import Platform
from tests.services.running import Upstream, listener, port_of, running, serving

PLENTY = {
    "limit_average": 10000,
    "limit_burst": 10000,
    "login_limit_average": 10000,
    "login_limit_burst": 10000,
}


class Clock:
    """Stands still until a test moves it."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    client: httpx.AsyncClient
    control: httpx.AsyncClient

    async def put(self, path: str, **document: Any) -> httpx.Response:
        return await self.control.put(path, json=document)

    async def state(self) -> dict[str, Any]:
        return (await self.control.get("/control/state")).json()


@contextlib.asynccontextmanager
async def gateway(
    service: int, folder: Path, pair: Pair | None = None, **chosen: Any
) -> AsyncIterator[Running]:
    """Limits are out of the way unless chosen; with a `pair` it speaks TLS."""
    addresses = dict.fromkeys(("auth_url", "users_url", "items_url"), f"http://127.0.0.1:{service}")
    app = Gateway(Settings(**PLENTY | addresses | {"state_file": folder / "gateway.json"} | chosen))
    control = listener()
    public = listener()
    async with (
        running(
            public_server(app, 30, tls.Pair(pair.certificate, pair.key).context if pair else None), public
        ),
        running(control_server(Control("gateway", "r1", app, lambda: None)), control),
        httpx.AsyncClient(
            base_url=f"{'https' if pair else 'http'}://127.0.0.1:{port_of(public)}",
            timeout=20,
            verify=trusting(pair) if pair else False,
        ) as client,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port_of(control)}", timeout=20, verify=False
        ) as asking,
    ):
        yield Running(port_of(public), client, asking)


def before(
    platform: Platform, folder: Path, **chosen: Any
) -> contextlib.AbstractAsyncContextManager[Running]:
    """A gateway before real services; limits are out of the way unless chosen."""
    addresses = {f"{name}_url": service.url for name, service in platform.services.items()}
    return gateway(0, folder, **addresses, **chosen)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def service(upstream: Upstream) -> AsyncIterator[int]:
    async with serving(upstream) as port:
        yield port


@pytest.fixture
async def running_gateway(service: int, tmp_path: Path) -> AsyncIterator[Running]:
    async with gateway(service, tmp_path) as found:
        yield found
