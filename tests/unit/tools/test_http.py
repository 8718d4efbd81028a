"""Requests and answers as values: what evidence says of them, and what it keeps to itself."""

from __future__ import annotations

import json

import pytest

from platformctl.tools.http import Answer, Ask, Raw, UnusableError, api, form

TOKEN = "eyJ-secret"


def test_a_request_is_told_without_token_body_and_id() -> None:
    path = "/items/0b0f4b4e-58f7-4d7c-8d0e-2f4f0c6c9b11?limit=1"
    ask = api("PATCH", path, TOKEN, {"title": "private"})
    assert str(ask) == "PATCH /items/{id}?limit=1"
    assert TOKEN not in repr(ask)
    assert "private" not in repr(ask)
    assert "Kennwort" not in repr(form("/login/access-token", {"username": "a", "password": "Kennwort"}))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(404, content=b'{"detail": "Item not found"}'), "404 'Item not found'"),
        (Answer(502, content=b"<html>"), "502"),
        (Answer(0, content=b"ReadTimeout: "), "no answer (ReadTimeout: )"),
        (Answer(200, content=json.dumps({"access_token": TOKEN}).encode()), "200"),
    ],
)
def test_an_answer_is_told_by_status_and_detail(answer: Answer, told: str) -> None:
    assert str(answer) == told


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/users/me", "users"),
        ("/api/v1/users?limit=1", "users"),
        ("/api/v1/private/users/", "users"),
        ("/api/v1/items", "items"),
        ("/api/v1/login/access-token", "auth"),
        ("/.well-known/jwks.json", "auth"),
        ("/livez", "auth"),
        ("", "auth"),
    ],
)
def test_a_path_belongs_to_a_service(path: str, service: str) -> None:
    assert Ask("GET", path).service == service
    assert Raw("raw", (f"GET {path} HTTP/1.1\r\n".encode(), b"Host: a\r\n\r\n")).service == service


@pytest.mark.parametrize("content", [b"", b"[]", b'{"id": 7}', b"[" * 100_000])
def test_an_answer_that_lacks_what_comes_next_is_unusable(content: bytes) -> None:
    with pytest.raises(UnusableError):
        Answer(200, content=content).field("id")
    with pytest.raises(UnusableError):
        Answer(200, content=content).rows()
