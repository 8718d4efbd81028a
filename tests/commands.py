"""All commands of platformctl, found by walking the verb table and the groups below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from platformctl.cli.app import HIDDEN, VERBS, root


class Leaf(NamedTuple):
    """`words` is what one types, `command` what parses the rest."""

    words: tuple[str, ...]
    command: Any

    @property
    def options(self) -> list[Any]:
        return [each for each in self.command.params if each.param_type_name == "option"]

    @property
    def arguments(self) -> list[Any]:
        return [each for each in self.command.params if each.param_type_name == "argument"]

    def has(self, option: str) -> bool:
        return any(option in each.opts for each in self.options)

    def __str__(self) -> str:
        return " ".join(self.words)


def leaves() -> list[Leaf]:
    command = root()
    return [
        leaf
        for verb in (*VERBS, *HIDDEN)
        for leaf in _below((verb.name,), command.get_command(None, verb.name))
    ]


def _below(words: tuple[str, ...], command: Any) -> Iterator[Leaf]:
    below = getattr(command, "commands", None)
    if below is None or getattr(command, "invoke_without_command", False):
        yield Leaf(words, command)
    for name, each in (below or {}).items():
        yield from _below((*words, name), each)
