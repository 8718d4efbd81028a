from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_command

from platformctl import cli
from tests.sample import app

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """One command line of the sample verbs: exit code, stdout, stderr."""

    def call(*argv: str, **options: object) -> tuple[int, str, str]:
        code = cli.main(argv, command=get_command(app), **options)  # type: ignore[arg-type]
        return code, *capfd.readouterr()

    return call
