from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.world import World, made


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A platform that runs; ended and deleted afterwards."""
    with made() as each:
        each.run("up", "--yes")
        yield each
