"""Whether an answer is the one that was promised: an expectation and an answer in, what is wrong out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from platformctl.tools.http import Answer

Shape = Literal["user", "users", "item", "items", "tokens", "problem", "invalid"]
ANYTHING = object()
PRESENT = re.compile(r".+")
PROBLEM = "application/problem+json"
FIELDS: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "user": {
        "id": UUID,
        "email": str,
        "is_active": bool,
        "is_superuser": bool,
        "full_name": (str, type(None)),
        "created_at": datetime,
    },
    "item": {
        "id": UUID,
        "title": str,
        "description": (str, type(None)),
        "owner_id": UUID,
        "created_at": datetime,
    },
    "tokens": {"access_token": str, "token_type": str, "refresh_token": str, "expires_in": int},
}


@dataclass(frozen=True)
class Expected:
    """`document` is compared whole, `having` some of its fields; a header that is None must be absent."""

    status: int | tuple[int, ...] = 200
    document: object = ANYTHING
    having: Mapping[str, object] = field(default_factory=dict)
    shape: Shape | None = None
    headers: Mapping[str, str | re.Pattern[str] | None] = field(default_factory=dict)


def refused(status: int | tuple[int, ...], detail: str | None = None, **headers: str) -> Expected:
    """An error in the default form; `WWW_Authenticate="Bearer"` names a header."""
    document = ANYTHING if detail is None else {"detail": detail}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Expected(status, document, headers=named)


def said(message: str) -> Expected:
    return Expected(200, {"message": message})


UNAUTHORIZED = refused(401, WWW_Authenticate="Bearer")
INVALID = Expected(422, shape="invalid")


def judge(expected: Expected, answer: Answer) -> Iterator[str]:
    """What is wrong with the answer, in words; nothing when it is right."""
    wanted = expected.status if isinstance(expected.status, tuple) else (expected.status,)
    if answer.status not in wanted:
        yield f"{answer} instead of {' or '.join(map(str, wanted))}"
        return
    if expected.document is not ANYTHING and answer.document != expected.document:
        yield f"{short(answer.document)} instead of {short(expected.document)}"
    for name, value in expected.having.items():
        found = answer.document.get(name) if isinstance(answer.document, dict) else None
        if found != value:
            yield f"{name} is {short(found)} instead of {short(value)}"
    yield from _headers(expected, answer)
    if expected.shape is not None:
        yield from shaped(expected.shape, answer)


def shaped(shape: Shape, answer: Answer) -> Iterator[str]:
    document = answer.document
    if shape in ("users", "items"):
        yield from _listed(shape.removesuffix("s"), document)
    elif shape == "invalid":
        yield from _invalid(document)
    elif shape == "problem":
        yield from _problem(answer)
    else:
        yield from _fields(shape, document)


def short(value: object) -> str:
    words = repr(value)
    return words if len(words) <= 100 else f"{words[:97]}..."


def _headers(expected: Expected, answer: Answer) -> Iterator[str]:
    for name, wanted in expected.headers.items():
        found = answer.header(name)
        if wanted is None:
            right = found is None
        elif isinstance(wanted, str):
            right = found is not None and found.lower() == wanted.lower()
        else:
            right = found is not None and wanted.search(found) is not None
        if not right:
            words = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
            yield f"the header {name} is {found!r} instead of {words!r}"


def _fields(shape: str, document: Any) -> Iterator[str]:
    """Exactly these fields: one too many may be what nobody was to see."""
    if not isinstance(document, dict):
        yield f"{short(document)} is no {shape}"
        return
    wanted = FIELDS[shape]
    if surplus := sorted(document.keys() - wanted.keys()):
        yield f"a {shape} has the field {surplus[0]}, which is not in the contract"
    for name, kind in wanted.items():
        if not _is(document.get(name, ANYTHING), kind):
            yield f"{name} of a {shape} is {short(document.get(name, 'missing'))}"


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    if kind in (UUID, datetime):
        read = UUID if kind is UUID else datetime.fromisoformat
        try:
            return isinstance(value, str) and read(value) is not None
        except ValueError:
            return False
    if kind is int and isinstance(value, bool):
        return False
    return isinstance(value, kind)


def _listed(shape: str, document: Any) -> Iterator[str]:
    if not isinstance(document, dict) or document.keys() != {"data", "count"}:
        yield "the answer is no list of the form {data, count}"
        return
    if not isinstance(document["data"], list) or not _is(document["count"], int):
        yield "data is no list, or count no number"
        return
    if document["count"] < len(document["data"]):
        yield f"count is {document['count']}, yet {len(document['data'])} rows came"
    for row in document["data"]:
        yield from _fields(shape, row)


def _invalid(document: Any) -> Iterator[str]:
    detail = document.get("detail") if isinstance(document, dict) else None
    if not isinstance(detail, list) or not detail or not all(isinstance(each, dict) for each in detail):
        yield "detail is no list of what is wrong"
        return
    for each in detail:
        if not {"type", "loc", "msg"} <= each.keys():
            yield "an entry of detail lacks type, loc or msg"
        if "input" in each:
            yield "detail repeats the input, which may be a password"


def _problem(answer: Answer) -> Iterator[str]:
    """RFC 9457, section 3.1."""
    document = answer.document
    media = (answer.header("content-type") or "").partition(";")[0].strip()
    if media != PROBLEM:
        yield f"the content type is {media or 'missing'} instead of {PROBLEM}"
    if not isinstance(document, dict):
        yield "the body is no JSON object"
        return
    wanted = {"type": str, "title": str, "status": int, "detail": str}
    for name, kind in wanted.items():
        if not _is(document.get(name), kind):
            yield f"the problem's {name} is {short(document.get(name, 'missing'))}"
    if document.get("status") != answer.status:
        yield f"the problem says status {document.get('status')}"
