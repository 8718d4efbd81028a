"""The embedded target's cluster: supervised processes on this machine, put together from its parts."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import tenacity

from platformctl.backends.calls import mutation, observation
from platformctl.backends.cluster import (
    control,
    credentials,
    deploys,
    environment,
    examination,
    logs,
    migrations,
    origin,
    orphans,
    releases,
)
from platformctl.backends.cluster.gateway import Gateway
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.lease import Lease
from platformctl.backends.cluster.listening import Listening
from platformctl.backends.cluster.programs import SPARE
from platformctl.backends.cluster.protocol import (
    Deploy,
    Endpoints,
    GatewayMode,
    LockHolder,
    Migration,
    Process,
    Release,
)
from platformctl.backends.cluster.rollout import Rollout
from platformctl.backends.cluster.supervisor import INTERNAL, Program, Supervisor
from platformctl.backends.secrets.protocol import Secrets
from platformctl.config.schema import SERVICES, PlatformConfig
from platformctl.config.service_settings import service_settings
from platformctl.errors import StepError
from platformctl.events import Finding, LogLine
from platformctl.shell.runner import Runner
from platformctl.version import VERSION

KEPT_BY_PURGE = frozenset({"audit.jsonl", "lock.json", "lock.guard", "drill.json", "drill.guard"})


class EmbeddedCluster:
    def __init__(
        self, layout: Layout, config: PlatformConfig, home: Path, secrets: Secrets, supervisor: Supervisor
    ) -> None:
        self.runner: Runner = supervisor.runner
        self._layout, self._config, self._home = layout, config, home
        self._secrets, self._supervisor = secrets, supervisor
        copies = {name: config.services[name].replicas for name in SERVICES}
        self._rollout = Rollout(layout, supervisor, copies, config.drain_seconds + SPARE)
        self._listening = Listening(layout, config, supervisor)
        self._gateway = Gateway(layout, self.runner, self._gateway_processes)
        self._lease = Lease(layout.lock)

    # --- the environment as a whole

    def claim(self) -> None:
        if not origin.check(self._layout.origin, self._home):
            self._mark()

    @mutation("make the state directory and mark it as ours")
    def _mark(self) -> None:
        self._layout.prepare()
        origin.write(self._layout.origin, self._home)

    def start(self) -> None:
        self._end_orphans()
        credentials.make_missing(self._secrets)
        self._listening.begin()

    def stop(self) -> bool:
        ran = self._supervisor.answers()
        if ran:
            patience = {each.name: float(each.patience) for each in self._listening.programs()}
            self._supervisor.shut_down(patience)
        return self._end_orphans() or ran

    @mutation("delete data, secrets, releases and logs of this environment")
    def purge(self) -> None:
        """The mark goes last: as long as anything of ours is there, it says whose it is."""
        for path in sorted(self._purgeable(), key=lambda path: path == self._layout.origin):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self._layout.sockets, ignore_errors=True)

    def exists(self) -> bool:
        return bool(self._purgeable() or orphans.find(self._layout.root, None))

    def _purgeable(self) -> list[Path]:
        root = self._layout.root
        return [each for each in root.iterdir() if each.name not in KEPT_BY_PURGE] if root.is_dir() else []

    def running(self) -> bool:
        return self._supervisor.answers()

    def settled(self, wanted: Mapping[str, Release]) -> bool:
        if not self._supervisor.answers() or not self._listening.as_configured():
            return False
        ids = {service: release.id for service, release in wanted.items()}
        if self.chosen() != ids or self._orphans():
            return False
        if any(self._rollout.surplus(service) for service in SERVICES):
            return False
        return all(each.ready and each.release == ids.get(each.service) for each in self.processes())

    def locations(self) -> Mapping[str, str]:
        layout = self._layout
        places = {
            "data": layout.postgres,
            "logs": layout.logs,
            "audit": layout.audit,
            "code": releases.source(),
        }
        return {what: str(path) for what, path in places.items()}

    def ports(self) -> Mapping[str, int]:
        return self._listening.ports()

    def endpoints(self) -> Endpoints:
        return self._listening.endpoints()

    @observation("ask the gateway for its public keys")
    def probe(self) -> float:
        found = self.endpoints()
        return control.probe(f"{found.gateway}/api/v1/.well-known/jwks.json", found.certificate)

    def processes(self) -> tuple[Process, ...]:
        known = {each.name: each for each in self._supervisor.programs()}
        services = [(service, name) for service in SERVICES for name in self._rollout.names(service)]
        found = [self._process(service, name, known.get(name)) for service, name in services]
        return (self._process("postgres", "postgres", known.get("postgres")), *found)

    # --- releases and deploys

    @observation("describe the release that code, configuration and secrets amount to")
    def desired(self) -> Release:
        settings = {name: service_settings(self._config, name) for name in SERVICES}
        pinned = {each.name: each.version for each in self._secrets.list() if _configures(each.name)}
        return releases.describe(releases.source(), VERSION, settings, pinned)

    @mutation("store release {release.id}")
    def store(self, release: Release) -> None:
        present = self.current()
        releases.store(self._layout, release, releases.source(), present.id if present else None)

    def stored(self, release_id: str) -> Release | None:
        return releases.stored(self._layout, release_id)

    def chosen(self) -> Mapping[str, str]:
        return releases.chosen(self._layout)

    def _chosen(self, service: str) -> Release | None:
        release = self.chosen().get(service)
        return releases.stored(self._layout, release) if release else None

    def current(self) -> Release | None:
        common = Counter(self.chosen().values()).most_common(1)
        return releases.stored(self._layout, common[0][0]) if common else None

    def roll_out(self, release: Release, services: Sequence[str]) -> None:
        """Until its first process starts, nobody listens on a chosen port, and anybody may take it."""
        tenacity.Retrying(
            stop=tenacity.stop_after_attempt(3),
            retry=tenacity.retry_if_exception(self._lost_a_port),
            reraise=True,
        )(self._roll_out, release, services)

    def _roll_out(self, release: Release, services: Sequence[str]) -> None:
        self._listening.begin()
        self._rollout.one_by_one(release, services)

    def _lost_a_port(self, error: BaseException) -> bool:
        return isinstance(error, StepError) and error.reference == INTERNAL and self._listening.lost()

    def exchange(self, release: Release, service: str) -> None:
        self._rollout.at_once(release, service)

    def deploys(self) -> tuple[Deploy, ...]:
        return deploys.read(self._layout.deploys)

    @mutation("record deploy {deploy.id}")
    def record(self, deploy: Deploy) -> None:
        deploys.write(self._layout.deploys, deploy)
        named = {each for one in self.deploys() for each in (*one.before.values(), *one.after.values())}
        releases.sweep(self._layout, named | set(self.chosen().values()))

    @mutation("keep the evidence of deploy {deploy_id}")
    def keep_evidence(self, deploy_id: str, lines: Sequence[str]) -> str:
        return deploys.write_evidence(self._layout.deploys, deploy_id, lines)

    def migrate(self, service: str, release: Release | None = None, database: str | None = None) -> Migration:
        question = migrations.Question(service, release or self._chosen(service), database)
        return migrations.ask(self._layout, self.runner, question)

    def examine(self) -> Iterator[Finding]:
        """What `doctor` has to look at on this target."""
        yield examination.writable(self._layout)
        yield from examination.database(self.runner, self._config.database.version)
        yield examination.gateway_port(self._layout, self._config.gateway.port, self._supervisor.answers())
        yield from examination.private(self._layout)
        yield from examination.unwatched(self._layout, self._config.backup.point_in_time)
        busy = self._lease.holder()  # what a run is at is not left of it
        yield examination.left_overs([] if busy else self._orphans(), self._layout)

    # --- the gateway, logs and the lock

    def hold(self, hold_id: str, seconds: float) -> GatewayMode:
        return self._gateway.hold(hold_id, seconds)

    def reach(self) -> None:
        self._gateway.reach()

    def maintain(self, message: str, retry_after: int) -> GatewayMode:
        return self._gateway.maintain(message, retry_after)

    def open(self, hold_id: str | None) -> GatewayMode:
        return self._gateway.open(hold_id)

    def gateway(self) -> GatewayMode:
        return self._gateway.mode()

    def logs(self, services: Sequence[str], *, lines: int, follow: bool) -> Iterator[LogLine]:
        wanted = services or ("postgres", *SERVICES)
        names = [name for each in wanted for name in self._copies(each)]
        paths = [self._layout.log(name) for name in names]
        yield from logs.read(paths, lines)
        if follow:
            yield from logs.follow(paths)

    def lock_holder(self) -> LockHolder | None:
        return self._lease.holder()

    def take_lock(self, holder: LockHolder) -> LockHolder | None:
        return self._lease.take(holder)

    def renew_lock(self, lock_id: str) -> None:
        self._lease.renew(lock_id)

    def release_lock(self, lock_id: str) -> None:
        self._lease.release(lock_id)

    @mutation("break lock {lock_id}")
    def break_lock(self, lock_id: str) -> None:
        self._lease.release(lock_id)

    # --- parts

    @observation("look for processes that nobody looks after")
    def _orphans(self) -> list[psutil.Process]:
        return orphans.find(self._layout.root, self._pid_of_ours())

    def _pid_of_ours(self) -> int | None:
        """A supervisor whose state was deleted under it looks after nothing that is left."""
        return self._supervisor.pid() if self._layout.supervisor_configuration.exists() else None

    def _end_orphans(self) -> bool:
        found = self._orphans()
        if found:
            self._end(len(found))
        return bool(found)

    @mutation("end {count} processes that nobody looks after")
    def _end(self, count: int) -> None:
        found = orphans.find(self._layout.root, self._pid_of_ours())
        orphans.end(found, grace=self._config.drain_seconds + 3)

    def _copies(self, service: str) -> list[str]:
        return ["postgres"] if service == "postgres" else self._rollout.names(service)

    def _gateway_processes(self) -> list[str]:
        found = [each for each in self._supervisor.programs() if each.group == "gateway"]
        return [each.name for each in found if each.state in ("running", "starting")]

    def _process(self, service: str, name: str, program: Program | None) -> Process:
        if program is None:
            return Process(name, service, "stopped", ready=False, why="the supervisor does not run")
        up = program.state in ("running", "starting")
        if not up or service == "postgres":
            return Process(name, service, program.state, up, program.pid, program.started, why=program.why)
        found = control.readiness(self._layout, name)
        state = "running" if found.ready else program.state  # supervisord waits a second before it says so
        told = (found.release, found.why, found.heard)
        return Process(name, service, state, found.ready, program.pid, program.started, *told)


def _configures(name: str) -> bool:
    """Whether a secret belongs to the configuration, and so to a release: all but keys and passwords."""
    owner, _, key = name.partition("/")
    return owner in SERVICES and key not in environment.CREDENTIALS
