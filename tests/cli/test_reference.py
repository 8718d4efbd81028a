"""docs/cli.md and the README's table against the commands that parse them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from platformctl.cli.app import VERBS, root
from platformctl.cli.reference import markdown

ROOT = Path(__file__).resolve().parents[2]


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if not below:
        yield name, command
    for key, each in (below or {}).items():
        yield from leaves(each, f"{name} {key}")


def all_leaves() -> list[Any]:
    command = root()
    found = (each for verb in VERBS for each in leaves(command.get_command(None, verb.name), verb.name))
    return [pytest.param(name, each, id=name) for name, each in found]


def test_the_committed_reference_is_the_generated_one() -> None:
    assert (ROOT / "docs/cli.md").read_text() == markdown(), "run: make docs"


@pytest.mark.parametrize(("name", "command"), all_leaves())
def test_every_verb_and_option_is_described_in_the_reference(name: str, command: Any) -> None:
    section = markdown().partition(f" {name}\n")[2].partition("\n##")[0]
    assert (command.help or "").split("\n")[0] in section
    for parameter in command.params:
        assert parameter.help, parameter.name
        spelled = parameter.opts[0] if parameter.param_type_name == "option" else parameter.help
        assert f"`{spelled}" in section or spelled in section


def test_the_readme_names_every_verb_in_the_order_and_words_of_the_help_page() -> None:
    readme = (ROOT / "README.md").read_text()
    table = "".join(f"| `{each.name}` | {each.summary} |\n" for each in VERBS)
    assert table in readme, f"the table in README.md must be:\n{table}"
