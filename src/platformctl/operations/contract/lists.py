"""Promises that the lists of users and items share: bounds, order, and one answer for both spellings."""

from __future__ import annotations

from platformctl.diagnosis.answers import INVALID, Expected, Shape
from platformctl.operations.contract.steps import Claim, Probe, Steps
from platformctl.tools.http import Answer, api

LAST = 2**31 - 1  # the largest skip


def bounded(path: str, token: str, shape: Shape) -> Steps:
    for query in ("limit=1", "limit=100", "skip=0", "skip=1&limit=1"):
        answer = yield Probe(api("GET", f"{path}?{query}", token), Expected(200, shape=shape))
        most = 1 if "limit=1" in query.split("&") else 100
        yield Claim(len(answer.rows()) <= most, f"{query}: {len(answer.rows())} rows came")
    for query in ("limit=0", "limit=101", "limit=-1", "skip=-1", f"skip={LAST + 1}", "limit=many"):
        yield Probe(api("GET", f"{path}?{query}", token), INVALID)


def beyond(path: str, token: str, shape: Shape) -> Steps:
    """Past the end there is nothing, and the count stays."""
    answer = yield Probe(api("GET", f"{path}?skip={LAST}", token), Expected(200, shape=shape))
    yield Claim(answer.rows() == [], "rows came from behind the end")
    yield Claim(bool(answer.document["count"]), "behind the end the count is 0")


def newest_first(path: str, token: str, shape: Shape) -> Steps:
    for query in ("", "?sorting=-created_at"):
        answer = yield Probe(api("GET", path + query, token), Expected(200, shape=shape))
        yield _ordered(answer, "created_at", descending=True)


def sorted_by(field: str, path: str, token: str, tag: str) -> Steps:
    """Looks at the run's own rows: how a database sorts what others wrote is its own affair."""
    for sign in ("", "-"):
        answer = yield Probe(api("GET", f"{path}?sorting={sign}{field}", token), Expected(200))
        yield _ordered(answer, field, descending=bool(sign), tag=tag)
    for nonsense in ("password_hash", "id;--", ""):
        yield Probe(api("GET", f"{path}?sorting={nonsense}", token), INVALID)


def spelled_both_ways(path: str, token: str, shape: Shape) -> Steps:
    """With and without the slash, and never by a redirect, which would lose the token or the body."""
    for spelling in (path, path.removesuffix("/")):
        yield Probe(api("GET", f"{spelling}?limit=5", token), Expected(200, shape=shape))


def _ordered(answer: Answer, field: str, descending: bool, tag: str = "") -> Claim:
    """Of a text that begins with `tag`, the word after it counts: it has nothing but small letters."""
    values = [str(row.get(field)) for row in answer.rows()]
    if tag:
        values = [each.removeprefix(tag).strip("-").partition("-")[0] for each in values if tag in each]
    order = "falling" if descending else "rising"
    return Claim(values == sorted(values, reverse=descending), f"{field} is not in {order} order")
