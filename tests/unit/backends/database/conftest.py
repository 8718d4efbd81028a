from __future__ import annotations

from tests.database import environment, server  # noqa: F401
