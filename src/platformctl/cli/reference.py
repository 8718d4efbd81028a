"""docs/cli.md: every verb, argument and option, made from the same commands that parse them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from platformctl.cli import options
from platformctl.cli.app import VERBS, root

SHARED_HELP = {
    form.__metadata__[0].help
    for form in (
        *(options.Env, options.File, options.OutputOption, options.Verbose),
        *(options.Junit, options.DryRun, options.Yes, options.Confirm),
    )
}
_BEGINNING = """\
# Command line

Written by `platformctl config docs --write docs`; change the help texts in `src/platformctl/cli/` instead.

| verb | does |
|---|---|
"""
_SHARED = """\
## Options of many verbs

Each verb below names those that it has.

"""
_HEAD = ("| option | default | variable | meaning |", "|---|---|---|---|")


def markdown() -> str:
    """The reference of every verb, in the order of the help page."""
    command = root()
    below = {each.name: command.get_command(None, each.name) for each in VERBS}
    known = (each for leaf in _leaves(below.values()) for each in leaf.params)
    shared = dict.fromkeys(_row(each) for each in known if _is_shared(each))
    parts = [_BEGINNING + "".join(f"| [{each.name}](#{each.name}) | {each.summary} |\n" for each in VERBS)]
    parts.append(_SHARED + "".join(f"{row}\n" for row in (*_HEAD, *shared)))
    for name, each in below.items():
        parts += _sections(each, name, "##")
    return "\n".join(parts)


def _leaves(commands: Iterable[Any]) -> Iterator[Any]:
    for each in commands:
        yield from _leaves(each.commands.values()) if hasattr(each, "commands") else (each,)


def _is_shared(parameter: Any) -> bool:
    return parameter.help in SHARED_HELP


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
            word = _metavar(each)
            yield word if each.required or word.startswith("[") else f"[{word}]"
    yield "[OPTIONS]"


def _options(command: Any) -> list[str]:
    own = [_row(each) for each in _parameters(command) if not _is_shared(each)]
    shared = ", ".join(f"`{each.opts[0]}`" for each in _parameters(command) if _is_shared(each))
    return [*([*_HEAD, *own, ""] if own else []), *([f"Also: {shared}"] if shared else [])]


def _row(parameter: Any) -> str:
    name = _metavar(parameter)
    if parameter.param_type_name != "argument":
        spelled = ", ".join([*parameter.opts, *parameter.secondary_opts])
        name = spelled if parameter.is_flag else f"{spelled} {name}"
    variable = f"`{parameter.envvar}`" if getattr(parameter, "envvar", None) else ""
    cells = (f"`{name}`", _default(parameter), variable, parameter.help or "")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _parameters(command: Any) -> list[Any]:
    return [each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]


def _metavar(parameter: Any) -> str:
    return parameter.metavar or (parameter.name or "").upper()


def _default(parameter: Any) -> str:
    value = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    return "" if value is None or isinstance(value, bool | list | tuple) or callable(value) else f"`{value}`"
