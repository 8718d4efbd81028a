"""Conditional requests (RFC 9110, section 13): tags of rows, and what If-Match and If-None-Match ask of them.

A row's revision is new with every change and never comes back, so a tag stands for one state of one row.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy import ARRAY, Column, ColumnElement, Uuid, any_, false, literal, not_
from starlette.responses import Response

from services.common.errors import ServiceError

ANY = "*"
# An element of a list, which may be empty, up to its comma.
_ELEMENT = re.compile(r'[ \t]*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|\Z)')
_REVISION = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Tags:
    """What one header lists; tags that no revision of ours can have are left out."""

    anything: bool = False
    strong: frozenset[uuid.UUID] = frozenset()
    weak: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Conditions:
    """None where a header was not sent. A write compares strongly, a read for If-None-Match weakly."""

    match: Tags | None = None
    none_match: Tags | None = None

    def met_by(self, revision: uuid.UUID) -> bool:
        """For a row that is locked or only read."""
        wanted = self.match is None or self.match.anything or revision in self.match.strong
        return wanted and not self.known(revision)

    def known(self, revision: uuid.UUID) -> bool:
        """Whether If-None-Match says that the client has this revision."""
        given = self.none_match
        return given is not None and (given.anything or revision in given.strong | given.weak)

    def where(self, revision: Column[uuid.UUID]) -> list[ColumnElement[bool]]:
        """The same for a statement that changes the row: of writers at once only the first finds it."""
        clauses = []
        if self.match and not self.match.anything:
            clauses.append(_among(revision, self.match.strong))
        if given := self.none_match:
            known = given.strong | given.weak
            clauses.append(false() if given.anything else not_(_among(revision, known)))
        return clauses


def _among(revision: Column[uuid.UUID], tags: frozenset[uuid.UUID]) -> ColumnElement[bool]:
    # One statement for any number of tags, so that the driver's prepared one fits.
    return revision == any_(literal(sorted(tags), ARRAY(Uuid)))


def conditions(request: Request) -> Conditions:
    """Raises ServiceError (400) for a header that cannot be read: to ignore it would overwrite unasked."""
    match, none_match = (_tags(request, name) for name in ("if-match", "if-none-match"))
    return Conditions(match, none_match)


def _tags(request: Request, name: str) -> Tags | None:
    lines = request.headers.getlist(name)
    if not lines:
        return None
    text = ",".join(lines)
    if text.strip(" \t") == ANY:
        return Tags(anything=True)
    listed = _listed(text)
    if not listed:
        raise ServiceError(400, f"The header {name.title()} is neither * nor a list of entity tags")
    strong, weak = (
        frozenset(
            uuid.UUID(opaque) for mark, opaque in listed if mark == kind and _REVISION.fullmatch(opaque)
        )
        for kind in (None, "W/")
    )
    return Tags(strong=strong, weak=weak)


def _listed(text: str) -> list[tuple[str | None, str]]:
    """Mark and content of each tag; nothing at all when there is anything else in the list."""
    found, position = [], 0
    while position < len(text):
        element = _ELEMENT.match(text, position)
        if element is None:
            return []
        if element[2] is not None:
            found.append((element[1], element[2]))
        position = element.end()
    return found


def precondition_failed() -> ServiceError:
    return ServiceError(412, "It has changed since it was read: read it again")


def tagged(shape: type[BaseModel], row: Any) -> Response:
    """`row` as a document, with its tag."""
    content = shape.model_validate(row).model_dump_json()
    return Response(content, media_type="application/json", headers=_tag(row))


def tagged_unless_known(request: Request, shape: type[BaseModel], row: Any) -> Response:
    """The answer to GET; 304 when the client says that it has it."""
    asked = conditions(request)
    if asked.known(row.revision) and Conditions(asked.match).met_by(row.revision):
        return Response(status_code=304, headers=_tag(row))
    if not asked.met_by(row.revision):
        raise precondition_failed()
    return tagged(shape, row)


def _tag(row: Any) -> dict[str, str]:
    return {"ETag": f'"{row.revision.hex}"'}
