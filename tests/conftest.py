"""Fixtures that tests of several folders need: a PostgreSQL for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres, discard, launch


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = launch()
    yield server
    discard(server)
