"""The `skip`, `limit` and `sorting` of list endpoints, and the shape of their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from sqlalchemy import ColumnElement, Select

from services.common.errors import InvalidBody

MAX_SKIP = 2**31 - 1
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page:
    skip: int
    limit: int

    def of(self, statement: Select[Any]) -> Select[Any]:
        return statement.offset(self.skip).limit(self.limit)


def _page(
    request: Request,
    skip: Annotated[int, Query(ge=0, le=MAX_SKIP)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = MAX_LIMIT,
) -> Page:
    # Two values for one key mean different things to different readers of the same URL.
    for key in set(request.query_params):
        if len(request.query_params.getlist(key)) > 1:
            raise InvalidBody(key, "repeated", "Parameter should be given once", place="query")
    return Page(skip, limit)


Paged = Annotated[Page, Depends(_page)]


def ordering(sorting: str, **columns: Any) -> list[ColumnElement[Any]]:
    """`name` ascending or `-name` descending, by one of `columns`; `id` makes the order total."""
    column, identity = columns[sorting.removeprefix("-")], columns["id"]
    if sorting.startswith("-"):
        return [column.desc(), identity.desc()]
    return [column.asc(), identity.asc()]
