"""What a process tells about itself: log lines, metrics, health."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.services.people import PASSWORD, Api, Person
from tests.services.processes import Platform

NAMES = pytest.mark.parametrize("name", ["auth", "users", "items"])


async def lines_of(api: Api, service: str, request_id: str) -> list[dict]:
    """A line is written after the answer, so it may come a little later."""
    found: list[dict] = []
    for _ in range(50):
        lines = api.platform.services[service].lines("request")
        if found := [line for line in lines if line["request_id"] == request_id]:
            break
        await asyncio.sleep(0.02)
    return found


async def test_every_request_has_one_line_with_the_clients_identity(api: Api, someone: Person) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = {"X-Request-Id": "asked-by-a-test", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = await someone.get("/items/", headers=sent)
    assert answer.headers["x-request-id"] == "asked-by-a-test"
    lines = await lines_of(api, "items", "asked-by-a-test")
    assert len(lines) == 1
    expected = {"method": "GET", "route": "/api/v1/items", "status": 200, "trace_id": trace}
    assert lines[0] == lines[0] | expected | {"service": "items", "release": "test", "level": "info"}


@pytest.mark.parametrize("bad", ["", "x" * 65, "a b", '"}{'])
async def test_an_identity_that_could_do_harm_is_replaced(someone: Person, bad: str) -> None:
    answer = await someone.get("/items/", headers={"X-Request-Id": bad, "traceparent": bad})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])


async def test_an_identity_is_handed_on_to_the_next_service(api: Api, someone: Person) -> None:
    trace = "5bf92f3577b34da6a3ce929d0e0e4736"
    sent = {"X-Request-Id": "handed-on", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    await someone.post("/login/test-token", headers=sent)
    found = await lines_of(api, "users", "handed-on")
    assert [(line["route"], line["trace_id"]) for line in found] == [("/internal/users/{user_id}", trace)]


async def test_no_log_has_a_secret_or_an_address(api: Api, user: Person) -> None:
    await api.try_log_in(user.email, "a wrong password")
    await api.anybody.post(f"/password-recovery/{user.email}")
    await api.anybody.post("/users/signup", {"email": user.email, "password": PASSWORD})
    platform: Platform = api.platform
    said = "".join(service.log.read_text() for service in platform.services.values())
    assert '"request"' in said
    secrets = [user.email, PASSWORD, "a wrong password", user.access, user.refresh]
    secrets += platform.database.passwords.values()
    secrets += [key.as_dict(private=True)["d"] for key in platform.keys.internal.values()]
    secrets.append(platform.keys.signing.as_dict(private=True)["d"])
    assert not [secret for secret in secrets if secret in said]


async def test_requests_are_counted_by_template(api: Api, user: Person) -> None:
    def count(method: str, route: str, status: int) -> float:
        text = api.platform.services["items"].control("/metrics").text
        labels = f'method="{method}",route="{route}",service="items",status="{status}"'
        found = re.search(rf"http_requests_total{{{re.escape(labels)}}} (\S+)", text)
        return float(found[1]) if found else 0

    asked = [("GET", "/api/v1/items/{item_id}", 404), ("OTHER", "unmatched", 404)]
    before = [count(*each) for each in asked]
    for number in range(3):
        await user.get(f"/items/00000000-0000-0000-0000-00000000000{number}")
        await user.send("PURGE", f"/items/a/b/{number}")
    await asyncio.sleep(0.1)
    assert [count(*each) for each in asked] == [before[0] + 3, before[1] + 3]
    text = api.platform.services["items"].control("/metrics").text
    assert "http_request_duration_seconds_bucket" in text
    assert "PURGE" not in text


@NAMES
def test_a_process_tells_that_it_is_ready(platform: Platform, name: str) -> None:
    answer = platform.services[name].control("/readyz")
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert {"database", "migrations", "keys"} <= set(checks)
    assert set(checks.values()) == {"ok"}
