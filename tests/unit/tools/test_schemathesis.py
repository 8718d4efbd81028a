"""How fuzzing is asked for, and what is read from its reports."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

from pydantic import SecretStr

from platformctl.tools import schemathesis

USER = "0b0f4b4e-58f7-4d7c-8d0e-2f4f0c6c9b11"
REPORT = {
    "test_cases": {"generated": 123},
    "failures": [{"title": "Server error", "count": 2, "operations": ["POST /api/v1/items"]}],
}


def left_out(may_create: bool) -> re.Pattern[str]:
    words = schemathesis.fuzz("http://h", Path("/f"), SecretStr("t"), 5, may_create).argv
    return re.compile(words[words.index("--exclude-name-regex") + 1])


def event(method: str, path: str, status: int, document: object) -> str:
    content = {"$base64": base64.b64encode(json.dumps(document).encode()).decode()}
    exchange = {
        "request": {"method": method, "uri": f"http://h{path}"},
        "response": {"status_code": status, "content": content},
    }
    return json.dumps({"ScenarioFinished": {"recorder": {"interactions": {"1": exchange}}}})


def test_the_token_is_in_no_argument() -> None:
    command = schemathesis.fuzz("http://h", Path("/f"), SecretStr("eyJ-secret"), 5, True)
    assert "eyJ-secret" not in " ".join(command.argv)
    assert command.env[schemathesis.TOKEN] == SecretStr("eyJ-secret")


def test_what_would_end_the_session_is_left_out() -> None:
    for may_create in (True, False):
        for name in ("DELETE /api/v1/users/me", "POST /api/v1/login/logout", "PUT /api/v1/users/me/password"):
            assert left_out(may_create).match(name)
        for name in ("GET /api/v1/users/me", "PATCH /api/v1/items/{item_id}", "POST /api/v1/login/refresh"):
            assert not left_out(may_create).match(name)


def test_users_are_made_only_where_they_can_be_deleted_again() -> None:
    for name in ("POST /api/v1/users", "POST /api/v1/users/signup", "POST /api/v1/private/users/"):
        assert left_out(False).match(name)
        assert not left_out(True).match(name)


def test_failures_are_read_from_the_report() -> None:
    (failure,) = schemathesis.failures(json.dumps(REPORT))
    assert (failure.title, failure.count, failure.operations) == ("Server error", 2, ("POST /api/v1/items",))
    assert schemathesis.asked(json.dumps(REPORT)) == 123


def test_users_that_were_made_are_read_from_the_events() -> None:
    events = [
        event("POST", "/api/v1/users/signup", 200, {"id": USER}),
        event("POST", "/api/v1/users", 403, {"id": "not made"}),
        event("POST", "/api/v1/items", 200, {"id": "an item"}),
        event("GET", "/api/v1/users", 200, {"id": "read"}),
        '{"ScenarioFinished": {"recor',
    ]
    assert list(schemathesis.created(events)) == [USER]
