"""What `doctor` looks at on the embedded target: rights, ports, keys, left-overs; changes nothing."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from platformctl.backends.cluster import ports
from platformctl.backends.cluster.layout import Layout
from platformctl.errors import CommandError, MissingToolError
from platformctl.events import Finding
from platformctl.shell.runner import Runner
from platformctl.tools import postgres


def writable(layout: Layout) -> Finding:
    place = layout.root
    while not place.exists():
        place = place.parent
    if os.access(place, os.W_OK | os.X_OK):
        return Finding("state", "pass", f"{place} is writable")
    return Finding(
        "state",
        "fail",
        f"{place} is not writable",
        f"user {os.getuid()}",
        "set XDG_STATE_HOME to a folder of yours",
    )


def database(runner: Runner, version: int) -> Iterator[Finding]:
    try:
        postgres.program(version, "postgres")
    except MissingToolError as error:
        yield Finding("postgresql", "fail", error.message, error.cause, error.fix)
        return
    yield Finding("postgresql", "pass", f"PostgreSQL {version} is installed")
    if os.geteuid() != 0:
        return
    try:
        runner.run(postgres.namespace_works())
    except (CommandError, MissingToolError) as error:
        fix = "run as another user, or sysctl -w user.max_user_namespaces=10000"
        yield Finding(
            "root", "fail", "as root, PostgreSQL needs user namespaces, and there are none", error.cause, fix
        )
        return
    yield Finding("root", "pass", "PostgreSQL can run in a user namespace, although this user is root")


def gateway_port(layout: Layout, wanted: int, running: bool) -> Finding:
    recorded = ports.read(layout.ports).get("gateway")
    if running:
        return Finding("port", "pass", f"the gateway listens on {recorded}")
    if ports.free(wanted):
        return Finding("port", "pass", f"port {wanted} is free")
    return Finding("port", "pass", f"port {wanted} is in use; the gateway will take the next free one")


def private(layout: Layout) -> Iterator[Finding]:
    """Keys and state that others could read."""
    for path in (layout.root, layout.secrets_key, layout.secrets):
        if not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                "permissions",
                "fail",
                f"others can reach {path}",
                f"mode {mode:04o}",
                f"chmod {'700' if path.is_dir() else '600'} {path}",
            )
            return
    yield Finding("permissions", "pass", "only this user can read keys and data")


def left_overs(orphans: Sequence[psutil.Process], layout: Layout) -> Finding:
    unfinished = _glob(layout.releases, ".new-*")
    told = [f"process {each.pid}" for each in orphans] + [str(path) for path in unfinished]
    if told:
        return Finding(
            "left-overs", "unknown", "a killed run left something behind", ", ".join(told), "platformctl up"
        )
    return Finding("left-overs", "pass", "nothing is left of killed runs")


def unwatched(layout: Layout, in_use: bool) -> Iterator[Finding]:
    """What point in time keeps no more, and nothing deletes: of when it was on, or of a former database."""
    kept = layout.point_in_time
    found = [*([] if in_use or not kept.exists() else [kept]), *_glob(layout.root, f"{kept.name}.former-*")]
    if found:
        size = sum(each.lstat().st_size for place in found for each in place.rglob("*")) / 1e6
        yield Finding(
            "point-in-time",
            "unknown",
            f"unencrypted base backups and logs that nothing uses take {size:,.0f} MB",
            ", ".join(map(str, found)),
            f"platformctl up, then, when nobody needs them, rm -r {shlex.join(map(str, found))}",
        )


def _glob(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []
