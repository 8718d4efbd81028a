"""One source of settings: its values, where each stands, what could not be read, and how layers merge."""

from __future__ import annotations

from dataclasses import dataclass, field

from platformctl.config.problems import Keys, Place, Problem

Tree = dict[str, object]


@dataclass(frozen=True, slots=True)
class Layer:
    """`keys` and `values` hold the places of each key and of its value."""

    source: str
    data: Tree = field(default_factory=dict)
    keys: dict[Keys, Place] = field(default_factory=dict)
    values: dict[Keys, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def at(self, place: Place, path: Keys, sentence: str) -> None:
        self.problems.append(Problem(place, path, sentence))


def merge(layers: list[Layer]) -> Layer:
    """Later layers win key by key; lists are replaced as a whole, and an empty section changes nothing."""
    merged = Layer("configuration")
    for layer in layers:
        merged.problems.extend(layer.problems)
        _lay_over(merged, layer, merged.data, layer.data, ())
    return merged


def _lay_over(merged: Layer, layer: Layer, below: Tree, above: Tree, path: Keys) -> None:
    for key, value in above.items():
        here = (*path, key)
        old = below.get(key)
        if isinstance(old, dict) and value is None:
            continue
        if not isinstance(old, dict) or not isinstance(value, dict):
            _forget(merged, here)
        merged.keys[here] = layer.keys.get(here, Place(layer.source))
        if isinstance(value, dict):
            if not isinstance(old, dict):
                below[key] = old = {}
            merged.values.setdefault(here, layer.values.get(here, Place(layer.source)))
            _lay_over(merged, layer, old, value, here)
            continue
        below[key] = value
        merged.values.update({each: at for each, at in layer.values.items() if each[: len(here)] == here})


def _forget(merged: Layer, path: Keys) -> None:
    for places in (merged.keys, merged.values):
        for each in [each for each in places if each[: len(path)] == path]:
            del places[each]
