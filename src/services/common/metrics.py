"""What this process counts, as Prometheus text; label values come from closed sets: series stay few."""

from __future__ import annotations

import functools

from prometheus_client import REGISTRY, Counter, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

requests = Counter("http_requests_total", "Requests answered.", ["service", "method", "route", "status"])
duration = Histogram(
    "http_request_duration_seconds",
    "Seconds from the first byte of a request to the last of its answer.",
    ["service", "method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def observe(service: str, method: str, route: str | None, status: int, seconds: float) -> None:
    """Count one answered request; `route` is the template that matched, or None."""
    count, time = _series(service, method if method in METHODS else "OTHER", route or UNMATCHED, status)
    count.inc()
    time.observe(seconds)


@functools.cache  # finding a series by its labels takes longer than counting; there are as many as series
def _series(service: str, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return requests.labels(service, method, route, str(status)), duration.labels(service, method, route)


def render() -> bytes:
    return generate_latest(REGISTRY)
