from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.world import World, made


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One process a service: half of what users have, and twice as fast to replace."""
    with made(replicas=1) as each:
        yield each
