"""Where it happens: one folder a concern, one protocol a folder, one implementation a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from platformctl.backends.cluster.protocol import Cluster
    from platformctl.backends.database.protocol import Database
    from platformctl.backends.keys.protocol import Keys
    from platformctl.backends.objects.protocol import Objects
    from platformctl.backends.point_in_time.protocol import PointInTime
    from platformctl.backends.secrets.protocol import Secrets
    from platformctl.backends.web.protocol import Web
    from platformctl.config.schema import PlatformConfig
    from platformctl.shell.runner import Runner


@dataclass(frozen=True, slots=True)
class Backends:
    """The composition of one target; `web` is how users reach it, and the same for all.

    `point_in_time` is None where it is not wanted; `throwaway` composes another
    environment of the target, with the major version of its database.
    """

    cluster: Cluster
    database: Database
    objects: Objects
    secrets: Secrets
    keys: Keys
    web: Web
    throwaway: Callable[[int], Throwaway]
    point_in_time: PointInTime | None = None


@dataclass(frozen=True, slots=True)
class Throwaway:
    """An environment for one run: its backups and keys are the live one's, all else is its own.

    Its lock outlives it and says that one run has it. `open_because` is why its programs have a way out of
    the machine, '' when they have none. `remove` ends and deletes it; it answers whether anything was there.
    """

    config: PlatformConfig
    backends: Backends
    runner: Runner
    open_because: str
    remove: Callable[[], bool]
