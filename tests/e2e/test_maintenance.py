"""Maintenance on the real gateway: writes are refused by every process of it, restarts included."""

from __future__ import annotations

import urllib.error

import pytest

from tests.e2e.test_kill_and_heal import call, log_in

pytestmark = pytest.mark.timeout(300)


def write(environment, token: str) -> tuple[int, str | None]:
    try:
        call(environment, "POST", "/items/", {"title": "written"}, token)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["Retry-After"]
    return 200, None


def test_maintenance_refuses_writes_until_it_is_switched_off_restarts_included(platform):
    token = log_in(platform)
    assert platform.run("maintenance", "on", "--retry-after", "7", "--yes").data["mode"] == "maintenance"
    assert {write(platform, token) for _ in range(8)} == {(503, "7")}
    assert call(platform, "GET", "/items/", token=token)["count"] == 0
    assert platform.run("health").code == 5
    assert platform.run("down").code == 0
    assert platform.run("up").code == 0
    assert platform.run("maintenance", "status").data["mode"] == "maintenance"
    assert {write(platform, token) for _ in range(8)} == {(503, "7")}
    assert platform.run("maintenance", "off").data["mode"] == "open"
    assert {write(platform, token) for _ in range(8)} == {(200, None)}
    assert platform.run("health").code == 0


def test_maintenance_needs_a_yes(platform):
    assert platform.run("maintenance", "on").code == 6
    assert platform.run("maintenance", "status").data["mode"] == "open"
