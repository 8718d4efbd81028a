"""The composition of the embedded target: everything on this machine, in one state directory."""

from __future__ import annotations

import os

from platformctl.backends import Backends
from platformctl.backends.cluster import origin
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.local import EmbeddedCluster
from platformctl.backends.cluster.supervisor import Supervisor
from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.keys.files import FileKeys
from platformctl.backends.local_throwaway import throwaway
from platformctl.backends.objects import choice
from platformctl.backends.point_in_time.embedded import EmbeddedPointInTime
from platformctl.backends.secrets.file import FileSecrets
from platformctl.backends.web.client import HttpWeb
from platformctl.config import budget
from platformctl.config.load import Loaded
from platformctl.config.paths import keys_directory, state_directory
from platformctl.shell.runner import Runner


def compose(loaded: Loaded, runner: Runner) -> Backends:
    """Raises StateError when the environment's state belongs to another configuration or version."""
    config = loaded.config
    layout = Layout.of(state_directory(config.platform, loaded.environment, os.environ), os.environ)
    origin.check(layout.origin, loaded.origin)
    secrets = FileSecrets(layout.secrets, layout.secrets_key, runner)
    supervisor = Supervisor(layout, runner)
    cluster = EmbeddedCluster(layout, config, loaded.origin, secrets, supervisor)
    database = EmbeddedDatabase(
        data=layout.postgres,
        sockets=layout.sockets,
        port=lambda: cluster.ports().get("postgres", 0),
        secrets=secrets,
        supervisor=supervisor,
        runner=runner,
        version=config.database.version,
        connections=budget.GRANTED,
        archive=layout.archive if config.backup.point_in_time else None,
    )
    objects = choice.store(loaded, os.environ, runner)
    keys = FileKeys(
        keys_directory(config, loaded.environment, os.environ),
        runner,
        chosen=config.backup.key,
        further=config.backup.recipients,
        signers=config.backup.signers,
    )
    backends = Backends(
        cluster=cluster,
        database=database,
        objects=objects,
        secrets=secrets,
        keys=keys,
        web=HttpWeb(runner, lambda: cluster.endpoints().certificate),
        throwaway=lambda major: throwaway(loaded, backends, runner, major),
        point_in_time=EmbeddedPointInTime(database) if config.backup.point_in_time else None,
    )
    return backends
