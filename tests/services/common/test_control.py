"""What the control listener says when a check fails, breaks or hangs, and what it takes from whom."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import httpx

from services.common.control import Control
from services.common.drain import control_server
from tests.services.running import listener, port_of, running


async def ask(app: Any, method: str, path: str, stage: str | None = None, **more: Any) -> httpx.Response:
    listening = listener()
    control = Control("items", "r1", app, lambda: stage)
    async with running(control_server(control), listening), httpx.AsyncClient(verify=False) as client:
        return await client.request(method, f"http://127.0.0.1:{port_of(listening)}{path}", **more)


def application(**state: Any) -> Any:
    return SimpleNamespace(state=SimpleNamespace(**state))


async def test_one_failing_check_makes_the_process_not_ready_and_says_which() -> None:
    async def fine() -> str | None:
        return None

    async def failing() -> str | None:
        return "migration 3 is missing"

    answer = await ask(application(readiness={"database": fine, "migrations": failing}), "GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "draining": "ok",
        "database": "ok",
        "migrations": "migration 3 is missing",
    }


async def test_a_check_that_breaks_tells_no_more_than_its_kind_of_error() -> None:
    async def broken() -> str | None:
        raise OSError("postgresql://role:password@host")

    answer = await ask(application(readiness={"database": broken}), "GET", "/readyz")
    assert answer.json()["checks"]["database"] == "the check itself failed: OSError"
    assert "password" not in answer.text


async def test_a_check_that_hangs_is_given_up_while_others_are_asked() -> None:
    async def hangs() -> str | None:
        await asyncio.sleep(60)
        return None

    began = time.monotonic()
    answer = await ask(application(readiness={"a": hangs, "b": hangs}), "GET", "/readyz")
    assert time.monotonic() - began < 3.5
    assert answer.json()["checks"]["b"] == "no answer within 2 s"


async def test_before_and_after_serving_no_check_is_asked() -> None:
    async def never() -> str | None:
        raise AssertionError

    answer = await ask(application(readiness={"a": never}), "GET", "/readyz", "the process is stopping")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"draining": "the process is stopping"})


async def test_life_asks_no_check() -> None:
    async def never() -> str | None:
        raise AssertionError

    assert (await ask(application(readiness={"a": never}), "GET", "/livez")).status_code == 200


async def test_commands_of_the_application_get_a_bounded_json_object() -> None:
    async def command(document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 200, {"got": document}

    app = application(control={("PUT", "/control/x"): command})
    assert (await ask(app, "PUT", "/control/x", json={"a": 1})).json() == {"got": {"a": 1}}
    assert (await ask(app, "GET", "/control/x")).status_code == 404
    for content in (b"[]", b"{", b'"' + b"a" * 100_000 + b'"'):
        assert (await ask(app, "PUT", "/control/x", content=content)).status_code == 400


async def test_readiness_tells_how_old_the_knowledge_of_other_services_is() -> None:
    found = application(ages={"revocations": lambda: 0.25, "keys": lambda: None})
    assert (await ask(found, "GET", "/readyz")).json()["ages"] == {"revocations": 0.25, "keys": None}
