"""Who may import whom, start a process, or end the program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.rules import Module, broken, module, modules

ROOT = Path(__file__).parents[2]
BACKEND, OPERATION = "platformctl.backends.database.x", "platformctl.operations.x"


def test_imports_only_point_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "rule", [rules.foreign_imports, rules.eager_imports, rules.started_processes, rules.ways_out]
)
def test_platformctl_keeps_the_rule(rule: Callable[[Module], Iterator[str]]) -> None:
    assert broken(rule, modules("platformctl")) == []


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (rules.foreign_imports, OPERATION, "def f():\n    from psycopg import sql"),
        (rules.foreign_imports, OPERATION, "import subprocess"),
        (rules.foreign_imports, BACKEND, "import rich.table"),
        (rules.foreign_imports, BACKEND, "import sqlalchemy"),
        (rules.eager_imports, BACKEND, "try:\n    import psycopg\nexcept ImportError:\n    pass"),
        (rules.started_processes, OPERATION, "import os\nos.killpg(1, 9)"),
        (rules.ways_out, OPERATION, "print('x')"),
        (rules.ways_out, OPERATION, "import sys\nsys.exit(1)"),
        (rules.ways_out, "platformctl.cli.up", "import typer\nraise typer.Exit(1)"),
        (rules.ways_out, OPERATION, "try:\n    f()\nexcept Exception:\n    pass"),
        (rules.ways_out, OPERATION, "try:\n    f()\nexcept:\n    pass"),
        (
            rules.ways_out,
            OPERATION,
            "try:\n    f()\nexcept (KeyError, BaseException):\n    raise Other from None",
        ),
        (rules.ways_out, OPERATION, "raise Exception('x')"),
    ],
)
def test_the_rule_finds_what_it_forbids(
    rule: Callable[[Module], Iterator[str]], name: str, text: str
) -> None:
    assert len(list(rule(module(name, text)))) == 1


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (rules.eager_imports, BACKEND, "def f():\n    import psycopg"),
        (
            rules.eager_imports,
            BACKEND,
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import psycopg",
        ),
        (rules.ways_out, OPERATION, "try:\n    f()\nexcept BaseException:\n    undo()\n    raise"),
        (rules.foreign_imports, "platformctl.shell.runner", "import subprocess"),
    ],
)
def test_the_rule_leaves_alone_what_is_allowed(
    rule: Callable[[Module], Iterator[str]], name: str, text: str
) -> None:
    assert list(rule(module(name, text))) == []
