"""The names and comments by which databases made or kept by a restore are known again after a crash."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from platformctl.backends.database.protocol import DatabaseInfo


@dataclass(frozen=True, slots=True)
class Mark:
    """A database's comment: the run and the backup that it comes from; `at` in seconds since the epoch.

    `beside` is the live database beside which `restore --as` made it, '' for all others; `only` names the
    tables that have rows, '' for all.
    """

    run: str
    backup: str
    at: float
    beside: str = ""
    only: str = ""

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


def ours(live: str, name: str) -> bool:
    """Whether only a restore gives such a name."""
    return name.startswith((copy_name(live, ""), kept_name(live, "")))


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


def beside(live: str, databases: tuple[DatabaseInfo, ...]) -> tuple[tuple[DatabaseInfo, Mark], ...]:
    """What `restore --as` made and somebody has to drop, the newest first; never what is in use otherwise."""
    found = [
        (each, read(each.comment)) for each in databases if each.name != live and not ours(live, each.name)
    ]
    mine = [(each, mark) for each, mark in found if mark is not None and mark.beside == live]
    return tuple(sorted(mine, key=lambda pair: pair[1].at, reverse=True))
