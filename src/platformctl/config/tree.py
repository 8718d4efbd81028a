"""The schema as a flat list of settings: which keys exist at a path, and which form each takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from platformctl.config.problems import Keys
from platformctl.config.schema import SERVICES, PlatformConfig

NAME = "NAME"  # stands for any service


@dataclass(frozen=True, slots=True)
class Setting:
    path: tuple[str, ...]
    field: FieldInfo

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        return "PLATFORMCTL__" + "__".join(key.upper() for key in self.path)

    @property
    def kinds(self) -> set[type]:
        """The plain types that a value may have."""
        return set(_kinds(self.field.annotation))


@cache
def settings() -> tuple[Setting, ...]:
    """Every setting of the schema, in its order."""
    return tuple(_settings(PlatformConfig, ()))


def find(path: Keys) -> Setting | None:
    return next((each for each in settings() if len(each.path) == len(path) and _fits(each.path, path)), None)


def known_keys(path: Keys) -> tuple[str, ...]:
    """The keys that may stand below a path; none when it is not a section."""
    below = (
        each.path[len(path)] for each in settings() if len(each.path) > len(path) and _fits(each.path, path)
    )
    return tuple(dict.fromkeys(key for name in below for key in (SERVICES if name == NAME else (name,))))


def _fits(pattern: tuple[str, ...], path: Keys) -> bool:
    return all(name in (key, NAME) for name, key in zip(pattern, path, strict=False))


def _settings(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        path = (*above, field.alias or name)
        form = field.annotation
        if get_origin(form) is dict:
            yield from _settings(get_args(form)[1], (*path, NAME))
        elif isinstance(form, type) and issubclass(form, BaseModel):
            yield from _settings(form, path)
        else:
            yield Setting(path, field)


def _kinds(form: Any) -> Iterator[type]:
    origin = get_origin(form)
    if origin is Annotated:
        yield from _kinds(get_args(form)[0])
    elif origin in (Union, UnionType):
        for each in get_args(form):
            yield from _kinds(each)
    elif origin is Literal:
        yield from (type(each) for each in get_args(form))
    else:
        yield origin or form


def flat(config: PlatformConfig) -> Iterator[tuple[Keys, object]]:
    """Every setting with its value, in the order of the schema; a list is one value."""
    return _values(config.model_dump(mode="json", by_alias=True), ())


def _values(tree: Any, path: Keys) -> Iterator[tuple[Keys, object]]:
    if not isinstance(tree, dict):
        yield path, tree
        return
    for key, below in tree.items():
        yield from _values(below, (*path, key))
