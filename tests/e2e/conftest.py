"""Environments of the real platform; each ends with its test."""
# ruff: noqa: F811 (fixtures share their names with what they make)

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.database import environment, server  # noqa: F401
from tests.e2e.life import PATIENT, Life
from tests.environment import SINGLE, Environment
from tests.small import make_small, small  # noqa: F401
from tests.support import context

REAL = Path(__file__).parents[2] / "src" / "services"


@pytest.fixture
def make_environment(tmp_path: Path) -> Iterator[Callable[..., Environment]]:
    made: list[Environment] = []

    def make(*, editable: bool = False, small: Path | None = None, **settings: str) -> Environment:
        """`editable` gives it a copy of the services that the test may change."""
        code = small
        if editable:
            code = tmp_path / "code"
            shutil.copytree(REAL, code / "services", ignore=shutil.ignore_patterns("__pycache__"))
        environment = Environment(tmp_path, code, variables=settings)
        made.append(environment)
        return environment

    yield make
    for each in made:
        each.end()


@pytest.fixture
def platform(make_environment: Callable[..., Environment]) -> Environment:
    """Up and healthy: one process of each service, and two gateways."""
    environment = make_environment(**SINGLE)
    ended = environment.run("up")
    assert ended.code == 0, ended.err
    return environment


@pytest.fixture
def life(make_environment: Any, monkeypatch: pytest.MonkeyPatch) -> Life:
    environment: Environment = make_environment(**PATIENT)
    up = environment.run("up")
    assert up.code == 0, up.err
    for name, value in environment.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(environment.work)
    made = Life(environment, context())
    made.populate()
    return made
