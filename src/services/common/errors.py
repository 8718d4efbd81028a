"""What a client sees when something fails: `{"detail": …}`, or RFC 9457 when it asks for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import compile_path

PROBLEM = "application/problem+json"
log = structlog.get_logger()


class ServiceError(Exception):
    """An answer that is not a success; raised anywhere below the endpoints."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


class Unauthorized(ServiceError):
    def __init__(self, detail: str = "Could not validate credentials") -> None:
        super().__init__(401, detail, {"WWW-Authenticate": "Bearer"})


class Unavailable(ServiceError):
    """A dependency does not answer; the same request may succeed soon."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(503, detail, {"Retry-After": str(retry_after)})


class InvalidBody(ServiceError):
    """A 422 found after FastAPI's own validation, in the same shape."""

    def __init__(self, field: str, kind: str, message: str, place: str = "body") -> None:
        super().__init__(422, message)
        self.problems = [{"type": kind, "loc": [place, field], "msg": message}]


def install(app: FastAPI) -> None:
    """Make `app` answer every failure in the shapes of this module."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(asyncpg.PostgresError, _database_error)
    app.add_exception_handler(asyncpg.InterfaceError, _database_error)
    app.add_exception_handler(asyncpg.InternalClientError, _database_error)
    app.add_exception_handler(PoolTimeout, _database_error)
    app.add_exception_handler(OSError, _database_error)
    app.add_exception_handler(Exception, _unexpected)


def answer(
    request: Request, status: int, detail: object, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    if not _wants_problem(request):
        return JSONResponse({"detail": detail}, status, headers)
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail if isinstance(detail, str) else "The request is not valid",
        "instance": request.url.path,
    }
    if not isinstance(detail, str):
        problem["errors"] = detail
    return JSONResponse(problem, status, headers, media_type=PROBLEM)


def _wants_problem(request: Request) -> bool:
    offered = ",".join(request.headers.getlist("accept")).lower().split(",")
    for entry in offered:
        media, *parameters = (part.strip() for part in entry.split(";"))
        if media == PROBLEM:
            return not any(part.replace(" ", "") in {"q=0", "q=0.0"} for part in parameters)
    return False


async def _service_error(request: Request, error: ServiceError) -> JSONResponse:
    detail = error.problems if isinstance(error, InvalidBody) else error.detail
    return answer(request, error.status, detail, error.headers)


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_allowed(request))}
    return answer(request, error.status_code, error.detail, headers)


def _allowed(request: Request) -> list[str]:
    """All that the path is described with; the framework names only the methods of its first route."""
    described, path = request.app.openapi()["paths"], request.url.path.rstrip("/")
    if path in described:
        return sorted(map(str.upper, described[path]))
    matching = (each for each in described if compile_path(each)[0].fullmatch(path))
    return sorted({method.upper() for each in matching for method in described[each]})


async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    return answer(request, 422, without_input(error.errors()))


def without_input(problems: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """What was wrong and where, without echoing what was sent: it may be a password."""
    return [
        {"type": each["type"], "loc": [_printable(part) for part in each["loc"]], "msg": each["msg"]}
        for each in problems
    ]


def _printable(part: object) -> object:
    # The name of an unknown field is the client's and need not even be encodable.
    return part.encode(errors="replace").decode()[:64] if isinstance(part, str) else part


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, DBAPIError | asyncpg.PostgresError) and not unreachable(error):
        return await _unexpected(request, error)
    log.error("database unavailable", error=type(error).__name__)
    return answer(request, 503, "The database does not answer, try again", {"Retry-After": "1"})


# SQLSTATE classes: connection, authorization, no such database, rollback, resources, state, intervention.
PASSING = frozenset({"08", "28", "3D", "40", "53", "55", "57"})


def unreachable(error: DBAPIError | asyncpg.PostgresError) -> bool:
    """Whether the server is away or in the middle of something, rather than asked wrongly."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return getattr(error, "connection_invalidated", False) or state is None or state[:2] in PASSING


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected failure", exc_info=error)
    return answer(request, 500, "Internal Server Error")
