"""The PostgreSQL that the services live in: what operations may ask of it, whichever target it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Server:
    """`system_id` is PostgreSQL's own cluster identifier; `major` its major version."""

    major: int
    version: str
    system_id: str


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """`size` is in bytes; `comment` marks databases that a restore made or kept."""

    name: str
    size: int
    connections: int
    comment: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repeatable-read snapshot that is held open: everything read by `id` is of one moment."""

    id: str
    taken_at: float


class Database(Protocol):
    """`name` is the live database. Raises DatabaseError; every change goes through the runner."""

    name: str

    def start(self) -> None:
        """Bring the server up (made on first use) and wait until it answers; safe to repeat."""

    def prepare(self, services: Sequence[str]) -> None:
        """Make what is missing of the live database, a role and a schema a service; alters no password."""

    def server(self) -> Server: ...
    def databases(self) -> tuple[DatabaseInfo, ...]: ...
    def url(self, service: str) -> str:
        """The connection URL of a service's role, password included."""

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...
    def dump(self, snapshot: Snapshot) -> AbstractContextManager[BinaryIO]: ...
    def proof(self, database: str, snapshot: Snapshot | None = None) -> Mapping[str, object]: ...
    def settings(self, database: str) -> Mapping[str, object]: ...
    def query(self, database: str, statement: str) -> Iterator[tuple[object, ...]]: ...
