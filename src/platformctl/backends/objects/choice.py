"""The store that `objects.kind` names."""

from __future__ import annotations

from collections.abc import Mapping

from platformctl.backends.objects.directory import DirectoryObjects
from platformctl.backends.objects.protocol import Objects
from platformctl.backends.objects.s3.store import S3Objects
from platformctl.config.load import Loaded
from platformctl.config.paths import backups_directory, state_directory
from platformctl.shell.runner import Runner


def store(loaded: Loaded, environ: Mapping[str, str], runner: Runner) -> Objects:
    if loaded.config.objects.kind == "s3":
        state = state_directory(loaded.config.platform, loaded.environment, environ)
        return S3Objects(loaded.config.objects, runner, memory=state / "listing.cache")
    return DirectoryObjects(backups_directory(loaded.config, loaded.environment, environ), runner)
