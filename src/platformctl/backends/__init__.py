"""Where it happens: one folder a concern, one protocol a folder, one implementation a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from platformctl.backends.cluster.protocol import Cluster
    from platformctl.backends.database.protocol import Database
    from platformctl.backends.keys.protocol import Keys
    from platformctl.backends.objects.protocol import Objects
    from platformctl.backends.secrets.protocol import Secrets
    from platformctl.backends.web.protocol import Web


@dataclass(frozen=True, slots=True)
class Backends:
    """The composition of one target; `web` is how users reach it, and the same for all."""

    cluster: Cluster
    database: Database
    objects: Objects
    secrets: Secrets
    keys: Keys
    web: Web
