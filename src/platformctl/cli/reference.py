"""docs/cli.md: every verb, argument and option, made from the same commands that parse them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from platformctl.cli.app import VERBS, root

_BEGINNING = """\
# Command line

Written by `platformctl config docs --write docs`; change the help texts in `src/platformctl/cli/` instead.

| verb | does |
|---|---|
"""


def markdown() -> str:
    """The reference of every verb, in the order of the help page."""
    command = root()
    parts = [_BEGINNING + "".join(f"| [{each.name}](#{each.name}) | {each.summary} |\n" for each in VERBS)]
    for each in VERBS:
        parts += _sections(command.get_command(None, each.name), each.name, "##")
    return "\n".join(parts)


def _sections(command: Any, name: str, heading: str) -> Iterator[str]:
    below = getattr(command, "commands", {})
    lines = [f"{heading} {name}", "", *_paragraphs(command.help or "")]
    if not below or getattr(command, "invoke_without_command", False):
        lines += [f"    platformctl {' '.join([name, *_usage(command)])}", "", *_options(command)]
    yield "\n".join(lines).rstrip() + "\n"
    for key, each in below.items():
        yield from _sections(each, f"{name} {key}", "###")


def _paragraphs(text: str) -> list[str]:
    return [*(line.strip() for line in text.strip().splitlines()), ""] if text.strip() else []


def _usage(command: Any) -> Iterator[str]:
    for each in _parameters(command):
        if each.param_type_name == "argument":
            word = _metavar(each) + ("…" if each.nargs == -1 else "")
            yield word if each.required else f"[{word}]"
    yield "[OPTIONS]"


def _options(command: Any) -> list[str]:
    rows = ["| option | default | variable | meaning |", "|---|---|---|---|"]
    for each in _parameters(command):
        if each.param_type_name == "argument":
            name = _metavar(each)
        else:
            spelled = ", ".join([*each.opts, *each.secondary_opts])
            name = spelled if each.is_flag else f"{spelled} {_metavar(each)}"
        variable = f"`{each.envvar}`" if getattr(each, "envvar", None) else ""
        cells = (f"`{name}`", _default(each), variable, each.help or "")
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return rows


def _parameters(command: Any) -> list[Any]:
    return [each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]


def _metavar(parameter: Any) -> str:
    return parameter.metavar or (parameter.name or "").upper()


def _default(parameter: Any) -> str:
    value = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    return "" if value is None or isinstance(value, bool | list | tuple) or callable(value) else f"`{value}`"
