"""PLATFORMCTL__SECTION__KEY variables become a layer: text as it is, everything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

from platformctl.config.layer import Layer, Tree
from platformctl.config.problems import Keys, Place, shown
from platformctl.config.tree import find, known_keys

PREFIX = "PLATFORMCTL__"


def read(environ: Mapping[str, str]) -> Layer:
    """Shorter names first, so that a single key may correct a section given as JSON."""
    layer = Layer("environment variables")
    for name in sorted((n for n in environ if n.startswith(PREFIX)), key=lambda n: (n.count("__"), n)):
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        place = Place(shown(name))
        if not all(path):
            layer.at(place, (), "names no setting: write PLATFORMCTL__SECTION__KEY")
            continue
        try:
            value = _value(path, environ[name])
        except (ValueError, RecursionError):
            layer.at(place, path, 'must be JSON, such as ["a", "b"] or {"key": 1}')
            continue
        _put(layer, path, value, place)
    return layer


def _value(path: Keys, text: str) -> object:
    setting = find(path)
    if setting is None and not known_keys(path):
        return text  # an unknown setting; the schema says so
    if setting is not None and str in setting.kinds:
        return None if text == "null" and type(None) in setting.kinds else text
    if setting is not None and not setting.kinds & {tuple, dict}:
        return _word(text)
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)


def _word(text: str) -> object:
    """A number or a boolean; other text stays text, and the schema says what it should have been."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int) else text


def _once(pairs: list[tuple[str, object]]) -> Tree:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(word: str) -> object:
    raise ValueError(word)


def _put(layer: Layer, path: Keys, value: object, place: Place) -> None:
    data = layer.data
    for depth, key in enumerate(path[:-1], start=1):
        below = data.get(str(key))
        if not isinstance(below, dict):
            data[str(key)] = below = {}
        layer.keys.setdefault(path[:depth], place)
        layer.values.setdefault(path[:depth], place)
        data = below
    data[str(path[-1])] = value
    _note(layer, path, value, place)


def _note(layer: Layer, path: Keys, value: object, place: Place) -> None:
    layer.keys[path] = layer.values[path] = place
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        _note(layer, (*path, key), each, place)
