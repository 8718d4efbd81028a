"""Which port each listener of an environment has: chosen once, kept as long as nothing else takes it."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from platformctl.errors import StateError

# Below the range that the kernel hands out to outgoing connections, which would take a port at any moment.
INTERNAL = range(20000, 32000)


def read(path: Path) -> dict[str, int]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}


def plan(path: Path, gateway: int, others: Sequence[str], ours: Collection[str]) -> Mapping[str, int]:
    """The recorded ports that are free, and new choices for the rest; `gateway` is the wanted port.

    Whoever listens on the recorded port of one in `ours` is this environment itself. `gateway_wanted` is
    kept beside them: another wish in the configuration makes a new choice.
    """
    recorded = read(path)
    ports: dict[str, int] = {"gateway_wanted": gateway}
    kept = recorded.get("gateway") if recorded.get("gateway_wanted") == gateway else None
    ports["gateway"] = kept if kept is not None and ("gateway" in ours or free(kept)) else _next_free(gateway)
    for name in others:
        kept = recorded.get(name)
        usable = kept is not None and kept not in ports.values() and (name in ours or free(kept))
        ports[name] = kept if usable and kept is not None else _any_free(set(ports.values()))
    return ports


def free(port: int) -> bool:
    """Whether 127.0.0.1:`port` can be listened on; connections that only linger do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _next_free(wanted: int) -> int:
    for port in range(wanted, min(wanted + 200, 65536)):
        if free(port):
            return port
    raise StateError(
        f"no port from {wanted} on is free for the gateway",
        cause="200 ports were tried on 127.0.0.1",
        fix="name another one in gateway.port",
        reference="state/ports",
    )


def _any_free(taken: set[int]) -> int:
    for port in random.sample(INTERNAL, 500):
        if port not in taken and free(port):
            return port
    raise StateError(
        "no port is free for a service",
        cause=f"500 ports from {INTERNAL.start} to {INTERNAL.stop} were tried on 127.0.0.1",
        fix="platformctl doctor",
        reference="state/ports",
    )
