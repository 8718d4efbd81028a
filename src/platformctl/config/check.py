"""Values against the schema: what pydantic finds becomes problems in our words, without repeating a value."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from platformctl.config import budget
from platformctl.config.layer import Layer
from platformctl.config.problems import Keys, Place, Problem, shown
from platformctl.config.schema import PlatformConfig
from platformctl.config.tree import known_keys

_KINDS = {bool: "a boolean", int: "a whole number", float: "a number with a fraction", str: "text"} | {
    list: "a list",
    dict: "a mapping",
    type(None): "empty",
}
_EXPECTED = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text of whole characters",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def check(layer: Layer) -> PlatformConfig | list[Problem]:
    """The configuration that a layer's values amount to, or everything that is wrong with them."""
    try:
        config = PlatformConfig.model_validate(layer.data)
    except ValidationError as refusal:
        return [_problem(error, layer) for error in refusal.errors(include_url=False)]
    return [*_over_budget(config, layer), *_unverifiable(config, layer)] or config


def _over_budget(config: PlatformConfig, layer: Layer) -> list[Problem]:
    if (wanted := budget.needed(config)) <= budget.GRANTED:
        return []
    path: Keys = ("database", "connections")
    sentence = (
        f"would, with the replicas asked for, take {wanted} connections, {budget.RESERVED} for migrations "
        f"and checks among them; PostgreSQL grants {budget.GRANTED}"
    )
    return [Problem(_nearest(path, layer, layer.values), path, sentence)]


def _unverifiable(config: PlatformConfig, layer: Layer) -> list[Problem]:
    """The wheel's pg_verifybackup of version 18 crashes at once, and no base backup counts without it."""
    if not config.backup.point_in_time or config.database.version == 16:
        return []
    path: Keys = ("backup", "point_in_time")
    sentence = f"needs database.version 16; base backups of {config.database.version} cannot be verified here"
    return [Problem(_nearest(path, layer, layer.values), path, sentence)]


def check_alone(layer: Layer) -> list[Problem]:
    """What is wrong with one layer even where a later one hides it; a layer may lack what another has."""
    try:
        PlatformConfig.model_validate(layer.data)
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False)
        return [_problem(error, layer) for error in errors if error["type"] != "incomplete"]
    return []


def _problem(error: Mapping[str, Any], layer: Layer) -> Problem:
    path: Keys = tuple(key for key in error["loc"] if key != "[key]")
    unknown = error["type"] == "extra_forbidden" or "[key]" in error["loc"]
    sentence = _unknown(path) if unknown else _sentence(error)
    return Problem(_nearest(path, layer, layer.keys if unknown else layer.values), path, sentence)


def _nearest(path: Keys, layer: Layer, places: Mapping[Keys, Place]) -> Place:
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return Place(layer.source)


def _unknown(path: Keys) -> str:
    known = known_keys(path[:-1])
    near = get_close_matches(str(path[-1])[:100], known, n=1, cutoff=0.5)
    what = "is not a service" if path[:-1] == ("services",) else "is not a setting"
    return f"{what}; did you mean {near[0]}?" if near else f"{what}; known here: {', '.join(known)}"


def _sentence(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, not {_KINDS.get(type(error['input']), 'this')}"
    if kind == "literal_error":
        if error["loc"] == ("target",):
            return "must be local: this release knows no other target"
        return f"must be {context['expected'].replace(chr(39), '')}"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}"
    if kind == "too_long":
        return f"must have at most {context['max_length']} entries"
    if kind == "value_error":
        return str(context["error"])
    return shown(error["msg"])
