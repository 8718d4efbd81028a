"""Maintenance mode refuses writes, lets reads pass, and is still there after a restart."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.services.gateway.conftest import Running, gateway
from tests.services.running import Upstream

ITEMS = "/api/v1/items/"


async def test_writes_are_refused_and_reads_pass(running_gateway: Running, upstream: Upstream) -> None:
    answer = await running_gateway.put("/control/maintenance", message="Back at noon", retry_after=120)
    assert (answer.status_code, answer.json()["mode"]) == (200, "maintenance")
    for method, path in (
        ("POST", ITEMS),
        ("PUT", ITEMS + "1"),
        ("PATCH", ITEMS + "1"),
        ("DELETE", ITEMS + "1"),
    ):
        refused = await running_gateway.client.request(method, path)
        assert (refused.status_code, refused.json()) == (503, {"detail": "Back at noon"})
        assert refused.headers["retry-after"] == "120"
    assert upstream.seen == []
    assert (await running_gateway.client.get(ITEMS)).status_code == 200
    assert (await running_gateway.put("/control/open", id=None)).json()["mode"] == "open"
    assert (await running_gateway.client.post(ITEMS)).status_code == 200


async def test_maintenance_survives_a_restart_and_so_does_its_end(service: int, tmp_path: Path) -> None:
    async with gateway(service, tmp_path) as found:
        await found.put("/control/maintenance", message="Back at noon", retry_after=120)
    async with gateway(service, tmp_path) as found:
        assert (await found.state())["mode"] == "maintenance"
        assert (await found.client.post(ITEMS)).json() == {"detail": "Back at noon"}
        await found.put("/control/open", id=None)
    async with gateway(service, tmp_path) as found:
        assert (await found.client.post(ITEMS)).status_code == 200
    assert os.listdir(tmp_path) == ["gateway.json"]


async def test_ending_ones_own_hold_leaves_maintenance_on(running_gateway: Running) -> None:
    await running_gateway.put("/control/maintenance", message="m", retry_after=1)
    await running_gateway.put("/control/hold", id="a", seconds=30)
    assert (await running_gateway.client.post(ITEMS)).status_code == 503
    assert (await running_gateway.put("/control/open", id="a")).json()["mode"] == "maintenance"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"maintenance": 3}', '{"maintenance": {"message": "m"}}']
)
async def test_a_state_file_that_cannot_be_understood_counts_as_maintenance(
    content: str, service: int, tmp_path: Path
) -> None:
    (tmp_path / "gateway.json").write_text(content)
    async with gateway(service, tmp_path) as found:
        assert (await found.client.post(ITEMS)).status_code == 503
        ready = await found.control.get("/readyz")
        assert (ready.status_code, "unreadable" in ready.json()["checks"]["state"]) == (503, True)
        await found.put("/control/open", id=None)
        assert (await found.client.post(ITEMS)).status_code == 200
        assert (await found.control.get("/readyz")).status_code == 200
    assert json.loads((tmp_path / "gateway.json").read_text()) == {"maintenance": None}


async def test_a_state_that_cannot_be_kept_is_not_entered(service: int, tmp_path: Path) -> None:
    missing = tmp_path / "gone" / "gateway.json"
    async with gateway(service, tmp_path, state_file=missing) as found:
        answer = await found.put("/control/maintenance", message="m", retry_after=1)
        assert (answer.status_code, answer.json()["mode"]) == (500, "open")
        assert "maintenance mode is as it was" in answer.json()["detail"]
        assert (await found.client.post(ITEMS)).status_code == 200
