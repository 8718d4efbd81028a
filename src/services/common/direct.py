"""A route that answers a usual request by the shortest way, and leaves every other to FastAPI.

FastAPI finds out for each request what an endpoint needs; here that is found out once. What does not fit at
first sight (a value that is not valid, a parameter given twice, another media type) goes the long way, and so
one place words refusals.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.params import Depends as DependsMark
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.common.bodies import StrictRoute, parsed, strictly
from services.common.errors import ServiceError

Read = Callable[[Request], Any]
Long = Callable[[Request], Awaitable[Response]]
JSON = "application/json"


class Unusual(Exception):
    """The request needs the long way."""


class DirectRoute(StrictRoute):
    """Each parameter of its endpoint is an id in the path, a body or what a dependency makes of it."""

    def get_route_handler(self) -> Long:
        long = super().get_route_handler()
        endpoint, readers = self.endpoint, _readers(self.endpoint)
        to_json = _serializer(self.response_model)

        async def handle(given: Request) -> Response:
            request, arguments = strictly(given), {}
            try:
                for name, read in readers.items():
                    value = read(request)
                    arguments[name] = await value if inspect.isawaitable(value) else value
            except (Unusual, ServiceError):  # of two faults the long way knows which is told
                return await long(request)
            answer = await endpoint(**arguments)
            if isinstance(answer, Response):
                return answer
            return Response(to_json(answer), media_type=JSON)

        return handle


def _serializer(model: Any) -> Callable[[object], bytes]:
    adapter: TypeAdapter[Any] = TypeAdapter(model)

    def to_json(value: object) -> bytes:
        return adapter.dump_json(adapter.validate_python(value, from_attributes=True))

    return to_json


def _readers(endpoint: Callable[..., object]) -> Mapping[str, Read]:
    hints = get_type_hints(endpoint, include_extras=True)
    parameters = inspect.signature(endpoint).parameters
    return {name: _reader(each, hints[name]) for name, each in parameters.items()}


def _reader(parameter: inspect.Parameter, hint: Any) -> Read:
    name = parameter.name
    if get_origin(hint) is Literal:
        return lambda request: _choice(request.query_params.get(name, parameter.default), get_args(hint))
    if hint is Request:
        return lambda request: request
    if hint is uuid.UUID:
        return lambda request: _id(request.path_params[name])
    if get_origin(hint) is Annotated:
        for mark in get_args(hint)[1:]:
            if isinstance(mark, DependsMark):
                return _of_request(mark)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return lambda request: _body(request, hint)
    raise TypeError(f"a direct route cannot read its parameter {name}: {hint}")


def _of_request(mark: Any) -> Read:
    """A dependency that takes more than the request has a shorter one in its attribute `direct`."""
    read = getattr(mark.dependency, "direct", mark.dependency)
    names = list(inspect.signature(read).parameters)
    if names != ["request"]:
        raise TypeError(f"a direct route calls {read} with the request alone, it takes {names}")
    return read


def _choice(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise Unusual
    return value


def _id(text: str) -> uuid.UUID:
    if len(text) != 36:  # other spellings are valid too, and rare
        raise Unusual
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Unusual from None


async def _body(request: Request, model: type[BaseModel]) -> BaseModel:
    if request.headers.get("content-type") != JSON:
        raise Unusual
    try:
        return model.model_validate(parsed(await request.body()))
    except ValidationError:
        raise Unusual from None
