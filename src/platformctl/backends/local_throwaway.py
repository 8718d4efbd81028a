"""A throwaway environment of the embedded target: everything beside the live one, and no way out."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from platformctl.backends import Backends, Throwaway
from platformctl.backends.calls import mutation
from platformctl.backends.cluster import orphans, ports
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.local import EmbeddedCluster
from platformctl.backends.cluster.supervisor import Supervisor
from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.secrets.file import FileSecrets
from platformctl.backends.web.client import HttpWeb
from platformctl.config import budget
from platformctl.config.load import Loaded
from platformctl.config.paths import drill_directory, state_directory
from platformctl.config.schema import Mail, PlatformConfig, Service, Tls
from platformctl.shell.runner import Runner
from platformctl.shell.secluded import Secluded, refusal

HASTE = 1  # seconds that its processes have to end: nobody waits for their answers


def throwaway(loaded: Loaded, live: Backends, runner: Runner, major: int) -> Throwaway:
    """Nothing of it is made yet; what a killed run left of it is there, and `remove` takes it away."""
    root = drill_directory(loaded.config.platform, loaded.environment, os.environ)
    state = state_directory(loaded.config.platform, loaded.environment, os.environ)
    layout = replace(Layout.of(root, os.environ), lease=Layout(state, state).drill)
    config = _config(loaded.config, major)
    open_because = refusal(runner)
    if not open_because:
        runner = Secluded(runner, Supervisor(layout, runner).pid)
    supervisor = Supervisor(layout, runner)
    secrets = FileSecrets(layout.secrets, layout.secrets_key, runner)
    cluster = EmbeddedCluster(layout, config, loaded.origin, secrets, supervisor)
    database = EmbeddedDatabase(
        data=layout.postgres,
        sockets=layout.sockets,
        port=lambda: cluster.ports().get("postgres", 0),
        secrets=secrets,
        supervisor=supervisor,
        runner=runner,
        version=major,
        connections=budget.GRANTED,
    )
    backends = replace(
        live,
        cluster=cluster,
        database=database,
        secrets=secrets,
        web=HttpWeb(runner, lambda: None),
        point_in_time=None,
    )
    return Throwaway(config, backends, runner, open_because, _Remains(root, cluster).remove)


def _config(live: PlatformConfig, major: int) -> PlatformConfig:
    """One process a service, at a port of its own, and nothing that leads to another machine."""
    gateway = live.gateway.model_copy(
        update={"port": random.choice(ports.INTERNAL), "tls": Tls(), "hosts": (), "trusted_hops": 0}
    )
    services = {name: Service(replicas=1, log_level=each.log_level) for name, each in live.services.items()}
    changed = {
        "gateway": gateway,
        "services": services,
        "database": live.database.model_copy(update={"version": major}),
        "backup": live.backup.model_copy(update={"point_in_time": False}),
        "mail": Mail(),
    }
    return live.model_copy(update={**changed, "drain_seconds": HASTE})


@dataclass(frozen=True)
class _Remains:
    folder: Path
    cluster: EmbeddedCluster

    @property
    def runner(self) -> Runner:
        return self.cluster.runner

    def remove(self) -> bool:
        running = orphans.find(self.folder, None)
        found = bool(running) or self.folder.exists()
        if running:
            self._end(len(running))
        if found:
            self.cluster.purge()
            self._delete()
        return found

    @mutation("end the {count} processes of {self.folder}")
    def _end(self, count: int) -> None:
        """The supervisor first: it would take its time, and nobody waits for an answer of these services."""
        orphans.end(orphans.find(self.folder, None), grace=HASTE)

    @mutation("delete {self.folder}")
    def _delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
