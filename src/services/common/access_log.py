"""One line a request, written without the logging machinery, which costs more than the request itself."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime

from pydantic_core import to_json

# Lines of a busy process go out together; a process that is killed loses those of this time.
FLUSH_SECONDS = 0.02


class _Flushing:
    """Whether what was written will be flushed."""

    due = False

    @classmethod
    def now(cls) -> None:
        cls.due = False
        sys.stdout.flush()


def write(service: str, release: str, **fields: object) -> None:
    """The route, never the path: a path may hold an e-mail address, a query may hold anything."""
    head = {
        "event": "request",
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat(),
        "service": service,
        "release": release,
    }
    sys.stdout.write(to_json(head | fields).decode() + "\n")
    if not _Flushing.due:
        _Flushing.due = True
        asyncio.get_running_loop().call_later(FLUSH_SECONDS, _Flushing.now)


def wanted() -> bool:
    return logging.getLogger().isEnabledFor(logging.INFO)
