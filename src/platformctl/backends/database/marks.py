"""The names and comments by which databases made or kept by a restore are known again after a crash."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from platformctl.backends.database.protocol import DatabaseInfo


@dataclass(frozen=True, slots=True)
class Mark:
    """A database's comment: the run and the backup that it comes from; `at` in seconds since the epoch."""

    run: str
    backup: str
    at: float

    def text(self) -> str:
        return json.dumps({"platformctl": asdict(self)})


def read(comment: str) -> Mark | None:
    try:
        return Mark(**json.loads(comment)["platformctl"])
    except (ValueError, KeyError, TypeError):
        return None


def copy_name(live: str, run: str) -> str:
    """A database that a restore is still filling; whoever finds one without its run drops it."""
    return f"{live}__restore_{run}"


def kept_name(live: str, run: str) -> str:
    """What was live before the run switched."""
    return f"{live}__old_{run}"


def copies(live: str, databases: tuple[DatabaseInfo, ...]) -> tuple[DatabaseInfo, ...]:
    return tuple(each for each in databases if each.name.startswith(copy_name(live, "")))


def kept(live: str, databases: tuple[DatabaseInfo, ...]) -> tuple[tuple[DatabaseInfo, Mark], ...]:
    """The newest first; a database without a readable mark counts as the oldest."""
    found = [
        (each, read(each.comment) or Mark(run="", backup="", at=0.0))
        for each in databases
        if each.name.startswith(kept_name(live, ""))
    ]
    return tuple(sorted(found, key=lambda pair: pair[1].at, reverse=True))
