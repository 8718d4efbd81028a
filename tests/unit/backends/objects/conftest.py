from __future__ import annotations

from tests.s3 import bucket, road, true  # noqa: F401
