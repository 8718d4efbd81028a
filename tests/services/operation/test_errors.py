"""The shape of failures, whichever service they come from."""

from __future__ import annotations

import pytest

from tests.services.people import BASE, Api, Person

PROBLEM = "application/problem+json"
SERVICES = pytest.mark.parametrize(
    ("service", "path"), [("auth", "/auth/verify"), ("users", "/users/me"), ("items", "/items")]
)


@SERVICES
async def test_a_failure_is_a_detail_unless_a_problem_is_wanted(api: Api, service: str, path: str) -> None:
    for accept in ("application/json", "*/*", f"{PROBLEM};q=0", "text/html"):
        answer = await api.ask(service, "GET", BASE + path, headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {"detail": "Not authenticated"}


@SERVICES
async def test_a_failure_is_a_problem_when_that_is_wanted(api: Api, service: str, path: str) -> None:
    for accept in (PROBLEM, f"application/json, {PROBLEM};q=0.9", PROBLEM.upper()):
        answer = await api.ask(service, "GET", BASE + path, headers={"Accept": accept})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == PROBLEM
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "detail": "Not authenticated",
            "instance": BASE + path,
        }


async def test_a_problem_lists_what_is_wrong_with_a_body(someone: Person) -> None:
    answer = await someone.post("/items/", {"title": None}, headers={"Accept": PROBLEM})
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    problem = answer.json()
    assert problem["status"] == 422
    assert [each["loc"] for each in problem["errors"]] == [["body", "title"]]


@SERVICES
async def test_what_does_not_exist_is_not_found(api: Api, service: str, path: str) -> None:
    for unknown in ("/", "/nothing", BASE, BASE + "/nothing", "/docs", "/metrics", "/readyz"):
        answer = await api.ask(service, "GET", unknown)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@SERVICES
async def test_a_method_that_does_not_exist_is_not_allowed(api: Api, service: str, path: str) -> None:
    answer = await api.ask(service, "TRACE", BASE + path)
    assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize(
    ("service", "method", "path", "allowed"),
    [
        ("auth", "OPTIONS", "/auth/verify", "GET, HEAD, POST"),
        ("users", "OPTIONS", "/users", "GET, POST"),
        ("users", "PUT", "/users/signup", "POST"),
        ("users", "POST", "/users/me", "DELETE, GET, PATCH, PUT"),
        ("items", "PATCH", "/items", "GET, POST"),
        ("items", "POST", "/items/3f1c7cd0-0f7c-4a0f-9d40-8e1b6a1d2f11", "DELETE, GET, PATCH, PUT"),
    ],
)
async def test_a_method_that_is_not_allowed_is_told_all_that_are(
    api: Api, service: str, method: str, path: str, allowed: str
) -> None:
    answer = await api.ask(service, method, BASE + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b'{"title": NaN}', b"\xff\xfe", b"null", b'"x"']
)
async def test_a_body_that_is_no_document_is_refused(someone: Person, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await someone.send("POST", "/items/", content=content, headers=headers)
    assert answer.status_code in (400, 422)
