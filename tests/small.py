"""Environments with four tiny services, a real supervisor and a real PostgreSQL: up in three seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.environment import SMALL, Environment


def _copied(folder: Path, **variables: str) -> Environment:
    return Environment(folder, _code(folder), variables=variables)


def _code(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(SMALL, folder / "code", ignore=ignored, dirs_exist_ok=True)


@pytest.fixture
def make_small(tmp_path: Path) -> Iterator[Callable[..., Environment]]:
    """Each environment has its own copy of the services; `behave` changes what they do."""
    made: list[Environment] = []

    def make(folder: Path = tmp_path, **variables: str) -> Environment:
        made.append(_copied(folder, **variables))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def small(make_small: Callable[..., Environment]) -> Environment:
    """Up and healthy, and of this test alone: it may be stopped, broken or purged."""
    environment = make_small()
    ended = environment.run("up")
    assert ended.code == 0, ended.err
    return environment


@pytest.fixture(scope="session")
def _lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    environment = _copied(tmp_path_factory.mktemp("lasting"))
    yield environment
    environment.end()


@pytest.fixture
def lasting(_lasting: Environment) -> Environment:
    """Up and healthy, and shared: deploys may fail in it, but its state, work folder and history stay."""
    _code(_lasting.folder)  # whatever a test has made of it
    ended = _lasting.run("up")
    assert ended.code == 0, ended.err
    return _lasting


def behave(environment: Environment, words: str) -> None:
    """`dies auth` or `unready users`: what the next release of a service does; `well` is what it should."""
    assert environment.services is not None
    (environment.services / "services" / "behaviour.txt").write_text(words + "\n")
