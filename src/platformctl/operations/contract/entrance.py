"""Promises about the gateway itself and about what every error looks like."""

from __future__ import annotations

import re
import uuid
from typing import Any

from platformctl.diagnosis.answers import Expected, refused
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.people import item
from platformctl.operations.contract.steps import Claim, Probe, Promise, Rows, Steps, Unsure
from platformctl.tools.http import Ask, api

INSIDE = ("/livez", "/readyz", "/metrics", "/control/state", "/internal/credentials", "/api/v1/internal/x")
AS_PROBLEM = (("Accept", "application/problem+json"),)
GONE = refused((400, 404))
METHODS = {"get", "head", "post", "put", "patch", "delete"}


def what_is_for_the_inside_is_not_reached(cast: Cast) -> Steps:
    for path in INSIDE:
        yield Probe(Ask("GET", path), GONE)
        yield Probe(Ask("GET", f"/api/v1{path}"), GONE)


def the_page_is_open_or_closed(cast: Cast) -> Steps:
    html = {"Content-Type": re.compile("text/html")}
    answer = yield Probe(Ask("GET", "/docs"), Expected((200, 404)))
    if answer.status == 404:
        yield Unsure("the description is closed here")
    else:
        yield Probe(Ask("GET", "/docs"), Expected(200, headers=html))


def one_document_describes_every_endpoint_and_nothing_else(cast: Cast) -> Steps:
    answer = yield Probe(Ask("GET", "/openapi.json"), Expected((200, 404)))
    if answer.status == 404:
        yield Unsure("the description is closed here")
        return
    found = described(answer.document)
    promised = endpoints() | ({"POST /private/users"} & found if cast.loopback else set())
    missing, surplus = sorted(promised - found), sorted(found - promised)
    yield Claim(not missing, f"the document lacks {', '.join(missing)}")
    yield Claim(not surplus, f"the document has {', '.join(surplus)}, which no contract names")


def described(document: Any) -> set[str]:
    """`GET /items/{id}` for each operation of an OpenAPI document, below /api/v1 or outside of it."""
    paths = document.get("paths", {}) if isinstance(document, dict) else {}
    return {
        f"{method.upper()} {plain(path)}"
        for path, operations in paths.items()
        for method in operations
        if method in METHODS
    }


def plain(path: str) -> str:
    """Without the base, a slash at the end, and the name of an id."""
    return re.sub(r"\{\w*id\}", "{id}", path.removeprefix("/api/v1").rstrip("/"))


def endpoints() -> set[str]:
    """Every method and path that a row of the contract is named after."""
    from platformctl.operations.contract.table import CONTRACT

    named = [row.rpartition(" ") for row in CONTRACT if " /" in row]
    inside = {"/docs", "/openapi.json", "/private/users", "/metrics"}
    return {f"{each} {path}" for verbs, _, path in named if path not in inside for each in verbs.split(", ")}


def errors_are_problems_for_who_asks(cast: Cast) -> Steps:
    problem = {"token": cast.ada.token, "headers": AS_PROBLEM}
    asks = {
        401: api("GET", "/users/me", headers=AS_PROBLEM),
        403: api("GET", f"/users/{cast.bob.id}", **problem),
        404: api("GET", f"/items/{uuid.uuid4()}", **problem),
        409: api("PATCH", "/users/me", body={"email": cast.bob.email}, **problem),
        422: api("GET", "/items/?limit=0", **problem),
    }
    for status, ask in asks.items():
        yield Probe(ask, Expected(status, shape="problem"))
    yield Probe(Ask("GET", "/nowhere", headers=AS_PROBLEM), Expected(404, shape="problem"))


def refusals_are_never_cached(cast: Cast) -> Steps:
    never = {"Cache-Control": "no-store"}
    yield Probe(api("GET", "/users/me"), Expected(401, headers=never))
    yield Probe(api("GET", f"/users/{cast.bob.id}", cast.ada.token), Expected(403, headers=never))


def every_answer_is_named_and_guarded(cast: Cast) -> Steps:
    headers = {
        "X-Request-Id": re.compile("."),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": re.compile("(?i)deny|sameorigin"),
    }
    yield Probe(api("GET", "/items/", cast.ada.token), Expected(200, headers=headers))
    yield Probe(Ask("GET", "/nowhere"), Expected(404, headers=headers))


def an_unknown_origin_is_not_let_in(cast: Cast) -> Steps:
    origin = (("Origin", "https://verify.invalid"),)
    expected = Expected(200, headers={"Access-Control-Allow-Origin": None})
    yield Probe(api("GET", "/items/", cast.ada.token, headers=origin), expected)


def a_wrong_method_names_the_right_ones(cast: Cast) -> Steps:
    yield Probe(api("DELETE", "/items/", cast.ada.token), Expected(405, headers={"Allow": re.compile("GET")}))


def a_change_of_an_older_state_is_refused(cast: Cast) -> Steps:
    thing = yield from item(cast.ada)
    path = f"/items/{thing['id']}"
    tag = {"ETag": re.compile(r'^(W/)?".+"$')}
    first = (yield Probe(api("GET", path, cast.ada.token), Expected(200, headers=tag))).header("ETag") or ""
    for mark, expected in ((first, Expected(200, headers=tag)), (first, refused(412)), ('"x"', refused(412))):
        ask = api("PATCH", path, cast.ada.token, {"title": "newer"}, headers=(("If-Match", mark),))
        yield Probe(ask, expected)
    yield Probe(api("DELETE", path, cast.ada.token, headers=(("If-Match", '"x"'),)), refused(412))


def a_repeated_post_is_done_once(cast: Cast) -> Steps:
    key = (("Idempotency-Key", str(uuid.uuid4())),)
    ask = api("POST", "/items/", cast.ada.token, {"title": "once"}, headers=key)
    first = yield Probe(ask, Expected(200, shape="item"))
    second = yield Probe(ask, Expected(200, shape="item"))
    same = first.field("id") == second.field("id")
    yield Claim(same, "a POST with the same Idempotency-Key made a second item")
    other = api("POST", "/items/", cast.bob.token, {"title": "once"}, headers=key)
    third = yield Probe(other, Expected(200, shape="item", having={"owner_id": cast.bob.id}))
    yield Claim(third.field("id") != first.field("id"), "another user's key found this user's item")


_GUARDED: tuple[Promise, ...] = (
    every_answer_is_named_and_guarded,
    an_unknown_origin_is_not_let_in,
    a_wrong_method_names_the_right_ones,
)
ROWS: Rows = {
    "GET /docs": (the_page_is_open_or_closed,),
    "GET /openapi.json": (one_document_describes_every_endpoint_and_nothing_else,),
    "inside paths": (what_is_for_the_inside_is_not_reached,),
    "errors": (errors_are_problems_for_who_asks, refusals_are_never_cached),
    "headers": _GUARDED,
    "ETag and If-Match": (a_change_of_an_older_state_is_refused,),
    "Idempotency-Key": (a_repeated_post_is_done_once,),
}
