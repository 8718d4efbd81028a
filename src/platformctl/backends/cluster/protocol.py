"""Where the services run: what operations may ask of a cluster, whichever target it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from platformctl.events import Finding, LogLine

ProcessState = Literal["running", "starting", "stopping", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a trailing slash; `services` has the addresses behind the gateway.

    `certificate` is the file with the one that the gateway shows, when it speaks https.
    """

    gateway: str
    services: Mapping[str, str]
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """One replica; `started` is in seconds since the epoch, `why` says what keeps it from being ready.

    `heard` is how many seconds ago it asked which tokens are void; None for one that honours none.
    """

    name: str
    service: str
    state: ProcessState
    ready: bool
    pid: int | None = None
    started: float | None = None
    release: str | None = None
    why: str = ""
    heard: float | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One set that is deployed and rolled back together; `id` is derived from its content."""

    id: str
    version: str
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, int] = field(default_factory=dict)  # configuration secret → its version


@dataclass(frozen=True, slots=True)
class Deploy:
    """The record of one change of what runs; `before` and `after` say which release each service had.

    `of` names the deploy that this one undid; `evidence` the file with what the failing processes wrote.
    """

    id: str
    verb: str
    outcome: Literal["deployed", "rolled_back", "old_version_serving", "broken"]
    started: float
    finished: float
    version: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    who: str
    migrations: tuple[str, ...] = ()
    commit: str | None = None
    committed_at: str | None = None
    of: str | None = None
    cause: str = ""
    evidence: str = ""


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

    def stop(self) -> bool:
        """End every process and leave all data; answers whether any ran; safe to repeat."""

    def purge(self) -> None:
        """Delete this environment's data, secrets and logs; backups stay."""

    def exists(self) -> bool:
        """Whether there is anything to stop or to purge, also when a purge was broken off."""

    def running(self) -> bool: ...
    def settled(self, wanted: Mapping[str, Release]) -> bool:
        """Whether all that should run does, as configured, ready and in its wanted release."""

    def locations(self) -> Mapping[str, str]:
        """Where a person finds what: `data`, `logs`, `audit`, and `code`, what a release is made from."""

    def ports(self) -> Mapping[str, int]:
        """Which port each listener has, {} before the first start."""

    def endpoints(self) -> Endpoints: ...
    def probe(self) -> float:
        """Seconds that a request takes through the gateway to a service; raises StepError when it fails."""

    def processes(self) -> tuple[Process, ...]: ...

    def desired(self) -> Release:
        """The release that the present code, configuration and secrets amount to; not stored yet."""

    def store(self, release: Release) -> None:
        """Keep what `desired` described, so that processes can start from it; safe to repeat."""

    def stored(self, release_id: str) -> Release | None: ...

    def chosen(self) -> Mapping[str, str]:
        """The id of the release that each service is to run; services may differ after a killed run."""

    def current(self) -> Release | None:
        """The release that most services are to run."""

    def roll_out(self, release: Release, services: Sequence[str]) -> None:
        """Replace one replica after the other until all run `release` and are ready; never two at once.

        Raises DeployError with the last words of the process that did not become ready.
        """

    def exchange(self, release: Release, service: str) -> None:
        """Replace all replicas of `service` at once: requests wait meanwhile, those in flight may fail."""

    def deploys(self) -> tuple[Deploy, ...]:
        """The last 200 records, newest first."""

    def record(self, deploy: Deploy) -> None: ...
    def keep_evidence(self, deploy_id: str, lines: Sequence[str]) -> str:
        """Write down what failing processes said, and answer where."""

    def migrate(self, service: str, release: Release | None = None, database: str | None = None) -> Migration:
        """Bring the schema in `database` (or the live one) to the head of `release` (or what runs)."""

    def examine(self) -> Iterator[Finding]:
        """What `doctor` has to look at where this cluster runs."""

    def hold(self, hold_id: str, seconds: float) -> GatewayMode: ...
    def reach(self) -> None:
        """Let each gateway process ask each service, also while it holds; raises StepError when one fails."""

    def maintain(self, message: str, retry_after: int) -> GatewayMode: ...
    def open(self, hold_id: str | None) -> GatewayMode: ...
    def gateway(self) -> GatewayMode: ...

    def logs(self, services: Sequence[str], *, lines: int, follow: bool) -> Iterator[LogLine]: ...

    def lock_holder(self) -> LockHolder | None: ...
    def take_lock(self, holder: LockHolder) -> LockHolder | None:
        """Become the holder and answer None, or answer who holds it; a dead holder is replaced."""

    def renew_lock(self, lock_id: str) -> None: ...
    def release_lock(self, lock_id: str) -> None: ...
    def break_lock(self, lock_id: str) -> None:
        """Take the lock from a holder who lives."""
