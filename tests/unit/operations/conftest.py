from __future__ import annotations

from tests.database import environment, server  # noqa: F401
from tests.small import _lasting, lasting, make_small, small  # noqa: F401
