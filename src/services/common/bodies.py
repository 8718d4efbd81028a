"""How a request's body is read: bounded, of the expected type, strictly JSON; its shape is in the schemas."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, NoReturn

from fastapi import params
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# The gateway's own default; whoever gets past it finds the same limit here.
LIMIT = 1024 * 1024
FIELDS = 20
JSON = frozenset({"application/json"})
FORM = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def parsed(body: bytes) -> Any:
    """The document, or a 400 for what two readers could understand differently; nothing of it is echoed."""
    try:
        # Of the encodings that the standard library guesses RFC 8259 allows this one, and without a mark.
        return _decoder.decode(body.decode())
    except RecursionError:
        raise HTTPException(400, "The body is nested too deeply") from None
    except UnicodeDecodeError:
        raise HTTPException(400, "The body is not UTF-8") from None
    except ValueError:
        # Not only JSONDecodeError: a number of more digits than Python converts is a plain ValueError.
        raise HTTPException(400, "The body is not a JSON document") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _named_twice()
    return found


def _named_twice() -> HTTPException:
    return HTTPException(400, "The body names a field twice")


def _no_number(_: str) -> NoReturn:
    raise HTTPException(400, "The body has a number that JSON does not know")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


class StrictRequest(Request):
    async def json(self) -> Any:
        return parsed(await self.body())

    async def stream(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async for piece in super().stream():
            size += len(piece)
            if size > LIMIT:
                raise HTTPException(413, f"The body is larger than {LIMIT} bytes")
            yield piece

    async def read_form(self) -> None:
        """What follows finds it read."""
        fields = await self.form(max_files=FIELDS, max_fields=FIELDS)
        if len(fields.multi_items()) != len(fields):
            raise _named_twice()


def strictly(request: Request) -> StrictRequest:
    """The same one when it is strict already: what was read of it stays read."""
    return request if isinstance(request, StrictRequest) else StrictRequest(request.scope, request.receive)


class StrictRoute(APIRoute):
    """The route class of every router of auth, users and items."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle
        expected = FORM if isinstance(self.body_field.field_info, params.Form) else JSON

        async def strict(given: Request) -> Response:
            request = strictly(given)
            sent = request.headers.get("content-type", "")
            # An absent body has no type: what it lacks is said field by field.
            if sent.partition(";")[0].strip().lower() not in expected and await request.body():
                raise HTTPException(415, f"The body must be {' or '.join(sorted(expected))}")
            if expected is FORM:
                await request.read_form()
            return await handle(request)

        return strict
