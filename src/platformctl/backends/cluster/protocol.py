"""Where the services run: what operations may ask of a cluster, whichever target it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from platformctl.events import LogLine

ProcessState = Literal["running", "starting", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a trailing slash; `services` has the addresses behind the gateway."""

    gateway: str
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Process:
    """One replica; `started` is in seconds since the epoch, `why` says what keeps it from being ready."""

    name: str
    service: str
    state: ProcessState
    ready: bool
    pid: int | None = None
    started: float | None = None
    release: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """One set that is deployed and rolled back together; `id` is derived from its content."""

    id: str
    version: str
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, int] = field(default_factory=dict)  # configuration secret → its version


@dataclass(frozen=True, slots=True)
class Migration:
    service: str
    before: str | None
    current: str | None
    head: str
    applied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GatewayMode:
    """`until` is in seconds since the epoch and set while a hold's lease runs."""

    mode: Literal["open", "hold", "maintenance"]
    in_flight: int
    held: int
    id: str | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the environment; `id` is what `lock break` takes, `since` is in seconds since the epoch."""

    id: str
    verb: str
    reason: str
    host: str
    pid: int
    started: float
    since: float
    build_url: str | None = None


class Cluster(Protocol):
    """Raises StateError, StepError or CommandError; every change goes through the runner."""

    def claim(self) -> None:
        """Make this environment ours, or refuse when it belongs to another configuration or version."""

    def start(self) -> None:
        """Bring up what databases and services run on, after ending orphans of a killed run."""

    def stop(self) -> None:
        """End every process and leave all data; safe to repeat."""

    def purge(self) -> None:
        """Delete this environment's data, secrets and logs; backups stay."""

    def exists(self) -> bool: ...
    def running(self) -> bool: ...
    def endpoints(self) -> Endpoints: ...
    def processes(self) -> tuple[Process, ...]: ...

    def build(self) -> Release:
        """The release that the present code, configuration and secrets amount to; stored, not yet running."""

    def current(self) -> Release | None: ...
    def stored(self, release_id: str) -> Release | None: ...

    def roll_out(self, release: Release, services: Sequence[str]) -> None:
        """Replace one replica after the other until all run `release` and are ready; never two at once."""

    def migrate(self, service: str) -> Migration: ...
    def migration(self, service: str) -> Migration:
        """Where the schema stands, without changing it."""

    def hold(self, hold_id: str, seconds: float) -> GatewayMode: ...
    def maintain(self, message: str, retry_after: int) -> GatewayMode: ...
    def open(self, hold_id: str | None) -> GatewayMode: ...
    def gateway(self) -> GatewayMode: ...

    def logs(self, services: Sequence[str], *, lines: int, follow: bool) -> Iterator[LogLine]: ...

    def lock_holder(self) -> LockHolder | None: ...
    def take_lock(self, holder: LockHolder) -> LockHolder | None:
        """Become the holder and answer None, or answer who holds it; a dead holder is replaced."""

    def renew_lock(self, lock_id: str) -> None: ...
    def release_lock(self, lock_id: str) -> None: ...
