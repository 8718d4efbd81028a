from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import isolate


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty home: state below it, and a working directory without configuration."""
    yield isolate(monkeypatch, tmp_path)
    shutil.rmtree(os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
