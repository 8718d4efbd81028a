"""Asks the control listener of each service process, over its own Unix socket; starts and stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from platformctl.backends import trust
from platformctl.backends.cluster.layout import Layout
from platformctl.errors import StepError

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


@dataclass(frozen=True, slots=True)
class Readiness:
    """`why` holds the failing checks' own sentences; `heard` as in Process."""

    ready: bool
    release: str | None
    why: str
    heard: float | None = None


def readiness(layout: Layout, process: str) -> Readiness:
    """What /readyz of one process says; a process that does not answer is not ready."""
    import httpx

    try:
        answer = request(layout.control_socket(process), "GET", "/readyz")
        body: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Readiness(False, None, f"its control socket does not answer ({error})")
    failing = [f"{name}: {text}" for name, text in body.get("checks", {}).items() if text != "ok"]
    ready = answer.status_code == 200 and bool(body.get("ready"))
    heard = body.get("ages", {}).get("revocations")
    return Readiness(ready, body.get("release"), "; ".join(failing), heard)


def request(
    socket: Path, method: str, path: str, body: object = None, timeout: float = 3.0
) -> httpx.Response:
    """Raises httpx.HTTPError when nothing answers within `timeout` seconds."""
    import httpx

    # verify=False spares loading the system's certificates, which a Unix socket has no use for
    transport = httpx.HTTPTransport(uds=str(socket), verify=False)
    with httpx.Client(transport=transport, base_url="http://control", timeout=timeout) as client:
        return client.request(method, path, json=body) if body is not None else client.request(method, path)


def probe(url: str, certificate: str | None) -> float:
    """Seconds until `url` answered 200 or 429; over https it must show just this certificate."""
    import httpx

    # without TLS, verify=False spares loading the system's certificates
    verify = trust.pinned(certificate) if certificate else False
    try:
        answer = httpx.get(url, timeout=5.0, verify=verify, trust_env=False)
        if answer.status_code != 429:  # refused for its number of requests, and so by a gateway that serves
            answer.raise_for_status()
    except httpx.HTTPError as error:
        raise StepError(f"{url} does not answer as it should", cause=str(error)) from error
    return answer.elapsed.total_seconds()
