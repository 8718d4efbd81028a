"""One line a request, written without the logging machinery, which costs more than the request itself."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from time import perf_counter

from services.gateway.exchange import Exchange


def write(exchange: Exchange, release: str) -> None:
    """The route, not the path: a path may hold an e-mail address, a query may hold anything."""
    line = {
        "event": "request",
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat(),
        "service": "gateway",
        "release": release,
        "method": exchange.method,
        "route": exchange.template,
        "status": exchange.status,
        "milliseconds": round((perf_counter() - exchange.began) * 1000, 2),
        "client": exchange.client,
        "request_id": exchange.request_id,
    }
    sys.stdout.write(json.dumps(line) + "\n")
