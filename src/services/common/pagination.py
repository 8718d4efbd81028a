"""The `skip`, `limit` and `sorting` of list endpoints, and the shape of their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from sqlalchemy import ColumnElement, Select

from services.common.direct import Unusual
from services.common.errors import InvalidBody

MAX_SKIP = 2**31 - 1
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page:
    skip: int
    limit: int

    def of(self, statement: Select[Any]) -> Select[Any]:
        return statement.offset(self.skip).limit(self.limit)


async def _page(
    request: Request,
    skip: Annotated[int, Query(ge=0, le=MAX_SKIP)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = MAX_LIMIT,
) -> Page:
    # Two values for one key mean different things to different readers of the same URL.
    for key in set(request.query_params):
        if len(request.query_params.getlist(key)) > 1:
            raise InvalidBody(key, "repeated", "Parameter should be given once", place="query")
    return Page(skip, limit)


def _page_directly(request: Request) -> Page:
    """Plain numbers within the bounds, each given once."""
    given = request.query_params
    skip, limit = given.get("skip", "0"), given.get("limit", str(MAX_LIMIT))
    plain = skip.isascii() and limit.isascii() and skip.isdecimal() and limit.isdecimal()
    if not plain or len(given.multi_items()) != len(given) or len(skip) > 10 or len(limit) > 3:
        raise Unusual
    page = Page(int(skip), int(limit))
    if page.skip > MAX_SKIP or not 1 <= page.limit <= MAX_LIMIT:
        raise Unusual
    return page


_page.direct = _page_directly  # type: ignore[attr-defined]
Paged = Annotated[Page, Depends(_page)]


def ordering(sorting: str, **columns: Any) -> list[ColumnElement[Any]]:
    """`name` ascending or `-name` descending, by one of `columns`; `id` makes the order total."""
    column, identity = columns[sorting.removeprefix("-")], columns["id"]
    if sorting.startswith("-"):
        return [column.desc(), identity.desc()]
    return [column.asc(), identity.asc()]
