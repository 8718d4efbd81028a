"""Whether an answer is the promised one: each way of being wrong is told in words."""

from __future__ import annotations

import json
import re

import pytest

from platformctl.diagnosis.answers import INVALID, PROBLEM, UNAUTHORIZED, Expected, judge, refused, said
from platformctl.tools.http import Answer

USER = {
    "id": "0b0f4b4e-58f7-4d7c-8d0e-2f4f0c6c9b11",
    "email": "ada@example.com",
    "is_active": True,
    "is_superuser": False,
    "full_name": None,
    "created_at": "2026-01-01T00:00:00.5Z",
}
ITEM = {
    "id": USER["id"],
    "title": "x",
    "description": None,
    "owner_id": USER["id"],
    "created_at": "2026-01-01T00:00:00Z",
}
TOKENS = {"access_token": "a", "token_type": "bearer", "refresh_token": "b", "expires_in": 900}
ENTRY = {"type": "missing", "loc": ["body", "title"], "msg": "Field required"}
PROBLEM_404 = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Item not found"}


def answer(document: object, status: int = 200, **headers: str) -> Answer:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, pairs, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (Expected(200, shape="user"), answer(USER)),
        (Expected(200, shape="users"), answer({"data": [USER], "count": 7})),
        (Expected(200, shape="item", having={"title": "x"}), answer(ITEM)),
        (Expected(200, shape="items"), answer({"data": [], "count": 0})),
        (Expected(200, shape="tokens"), answer(TOKENS)),
        (Expected((200, 404)), answer({}, 404)),
        (Expected(200, headers={"Cache-Control": "no-store"}), answer({}, cache_control="No-Store")),
        (Expected(200, headers={"ETag": re.compile('^"')}), answer({}, etag='"1"')),
        (Expected(200, headers={"Location": None}), answer({})),
        (UNAUTHORIZED, answer({"detail": "whatever"}, 401, www_authenticate="Bearer")),
        (refused(404, "Item not found"), answer({"detail": "Item not found"}, 404)),
        (said("Done"), answer({"message": "Done"})),
        (INVALID, answer({"detail": [ENTRY]}, 422)),
        (Expected(404, shape="problem"), answer(PROBLEM_404, 404, content_type=f"{PROBLEM}; charset=utf-8")),
    ],
)
def test_what_was_promised_is_right(expected: Expected, given: Answer) -> None:
    assert list(judge(expected, given)) == []


@pytest.mark.parametrize(
    ("expected", "given", "words"),
    [
        (Expected(200), Answer(0, content=b"ConnectError: refused"), "no answer (ConnectError: refused)"),
        (refused(403), answer({"detail": "Not Found"}, 404), "404 'Not Found' instead of 403"),
        (refused((400, 404)), answer({}), "200 instead of 400 or 404"),
        (refused(404, "Item not found"), answer({"detail": "item not found"}, 404), "'item not found'"),
        (said("Done"), Answer(200, content=b"<html>"), "None instead of {'message': 'Done'}"),
        (UNAUTHORIZED, answer({}, 401), "WWW-Authenticate is None"),
        (Expected(200, headers={"Location": None}), answer({}, location="/items/"), "Location is '/items/'"),
        (Expected(200, shape="user"), answer(USER | {"password_hash": "x"}), "password_hash"),
        (Expected(200, shape="user"), answer({**USER, "id": 7}), "id of a user is 7"),
        (Expected(200, shape="user"), answer({**USER, "created_at": "yesterday"}), "created_at"),
        (Expected(200, shape="item"), answer([]), "is no item"),
        (Expected(200, shape="tokens"), answer({**TOKENS, "expires_in": True}), "expires_in"),
        (Expected(200, having={"title": "x"}), answer({"title": "y"}), "title is 'y' instead of 'x'"),
        (Expected(200, shape="items"), answer([ITEM]), "{data, count}"),
        (Expected(200, shape="items"), answer({"data": [ITEM], "count": 0}), "count is 0, yet 1 rows"),
        (Expected(200, shape="items"), answer({"data": [{}], "count": 1}), "of a item is"),
        (INVALID, answer({"detail": "wrong"}, 422), "no list"),
        (INVALID, answer({"detail": [ENTRY | {"input": "secret"}]}, 422), "repeats the input"),
        (Expected(404, shape="problem"), answer(PROBLEM_404, 404, content_type="application/json"), PROBLEM),
        (
            Expected(404, shape="problem"),
            answer({**PROBLEM_404, "status": 400}, 404, content_type=PROBLEM),
            "says status 400",
        ),
    ],
)
def test_what_is_wrong_is_told(expected: Expected, given: Answer, words: str) -> None:
    told = list(judge(expected, given))
    assert any(words in each for each in told), told
    assert all(len(each) < 300 for each in told)
