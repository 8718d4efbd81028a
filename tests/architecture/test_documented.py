"""Every option and every setting has a description, a place in the references and a test that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from platformctl.cli.app import VERBS, root
from platformctl.config.schema import PlatformConfig, Section
from tests.commands import Leaf, leaves

ROOT = Path(__file__).parents[2]
LEAVES = leaves()


def text_of_tests() -> str:
    """What tests say; this folder is left out, because it names things without using them."""
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "tests").rglob("*.yaml")]
    return "\n".join(each.read_text() for each in files if "architecture" not in each.parts)


def long_options(leaf: Leaf) -> list[str]:
    return [name for each in leaf.options for name in each.opts if name.startswith("--")]


def settings(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str, str | None]]:
    """Path, own name and description of every field, sections included."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield f"{before}{key}", key, field.description
        for part in _models(field.annotation):
            yield from settings(part, f"{before}{key}.")


def _models(annotation: object) -> list[type[Section]]:
    inner = getattr(annotation, "__args__", (annotation,))
    return [each for each in inner if isinstance(each, type) and issubclass(each, Section)]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_help_page_begins_as_the_page_of_the_verb(verb) -> None:  # type: ignore[no-untyped-def]
    shown = root().get_command(None, verb.name).help or ""
    assert shown.startswith(verb.summary.rstrip("."))


@pytest.mark.parametrize("leaf", LEAVES, ids=str)
def test_every_command_and_option_says_what_it_is_for(leaf: Leaf) -> None:
    assert leaf.command.help
    assert [each.name for each in (*leaf.options, *leaf.arguments) if not each.help] == []


def test_every_option_stands_in_the_reference() -> None:
    reference = (ROOT / "docs" / "cli.md").read_text()
    missing = {
        f"{leaf}: {each}" for leaf in LEAVES for each in long_options(leaf) if f"`{each}" not in reference
    }
    assert missing == set()


def test_every_option_is_used_by_a_test() -> None:
    text = text_of_tests()
    missing = {
        each
        for leaf in LEAVES
        for each in long_options(leaf)
        if f'"{each}' not in text and f"{each} " not in text
    }
    assert missing == set()


def test_every_setting_is_described_and_stands_in_the_reference() -> None:
    reference = (ROOT / "docs" / "configuration.md").read_text()
    found = list(settings(PlatformConfig))
    assert len(found) > 20
    assert [path for path, _, description in found if not description] == []
    assert [path for path, key, _ in found if key not in reference] == []


def test_every_setting_is_used_by_a_test() -> None:
    text = text_of_tests()
    missing = [path for path, key, _ in settings(PlatformConfig) if not re.search(rf"\b{key}\b", text)]
    assert missing == []


def test_every_reference_of_backup_and_restore_is_in_the_runbook() -> None:
    explained = set(re.findall(r"`([a-z]+/[a-z-]+)`", (ROOT / "docs/runbooks/restore.md").read_text()))
    used = set()
    for file in (ROOT / "src/platformctl").rglob("*.py"):
        used |= set(re.findall(r'"((?:backup|restore|drill|keys|objects|lock)/[a-z-]+)"', file.read_text()))
    assert len(used) > 20
    assert used - explained == set()
