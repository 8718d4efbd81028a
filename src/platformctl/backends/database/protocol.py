"""The PostgreSQL that the services live in: what operations may ask of it, whichever target it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from platformctl.backends.database.facts import Counter, Extension, Proof, Properties
    from platformctl.backends.database.marks import Mark


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
    """Everything read by `id` is of one moment; `taken_at` is in seconds since the epoch, server's clock."""

    id: str
    taken_at: float


class Database(Protocol):
    """`name` is the live database. Raises DatabaseError; every change goes through the runner."""

    name: str

    def check(self) -> None:
        """Raises StateError when the data was made by another major version than is configured."""

    def start(self) -> None:
        """Bring the server up (made on first use) and wait until it answers; safe to repeat."""

    def prepare(self, services: Sequence[str]) -> None:
        """Heal what a killed restore left, and make what is missing of database, roles and schemas.

        A role that cannot log in with its stored password is given that password.
        """

    def ensure_role(self, service: str) -> None:
        """Make the role when it is missing, with the password of the secret store; alters none."""

    def has_tables(self, service: str) -> bool:
        """Whether the service was ever migrated, in the live database."""

    def server(self) -> Server: ...
    def exclusively(self) -> AbstractContextManager[None]:
        """No other run switches databases of this server during the block; raises PreconditionError."""

    def databases(self) -> tuple[DatabaseInfo, ...]: ...
    def url(self, service: str) -> str:
        """The connection URL of a service's role, password included."""

    # --- reading one moment

    def large_objects(self) -> int:
        """How many there are: each takes memory of a dump, and time of a restore."""

    def memory(self) -> int:
        """How many bytes a dump may take where it runs."""

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...
    def dump(self, snapshot: Snapshot) -> AbstractContextManager[BinaryIO]: ...
    def decode(self) -> AbstractContextManager[BinaryIO]:
        """Write an archive into the block's stream; leaving the block checks that it is whole."""

    def proof(self, database: str, snapshot: Snapshot | None = None) -> Proof: ...
    def sequences(self, database: str) -> dict[str, Counter]: ...
    def properties(self, database: str, snapshot: Snapshot | None = None) -> Properties: ...

    # --- a copy beside the live database

    def require_room(self, needed: int, purpose: str) -> None:
        """`needed` is in bytes; raises PreconditionError."""

    def roles(self) -> dict[str, tuple[str, ...]]:
        """What each role may do in the whole server, such as LOGIN."""

    def extensions(self) -> frozenset[Extension]: ...
    def locales(self) -> frozenset[str]: ...
    def obstacles(self) -> tuple[str, ...]:
        """Statements that would remove what blocks a rename of the live database."""

    def heal(self) -> tuple[str, ...]:
        """Undo what a killed restore left; answers what that was."""

    def create_copy(self, name: str, like: Properties, mark: Mark) -> None: ...
    def contents(self, heard: Callable[[str], None]) -> AbstractContextManager[BinaryIO]:
        """Write an archive into the block's stream; `heard` gets the lines that contents.py reads."""

    def load(
        self, name: str, *, only_schema: bool = False, entries: Sequence[str] = ()
    ) -> AbstractContextManager[BinaryIO]:
        """Write an archive into the block's stream; without `entries`, all of it is loaded."""

    def apply(self, name: str, wanted: Properties) -> None: ...
    def analyze(self, name: str) -> None: ...
    def end_sessions(self, name: str) -> None:
        """Void every token and session, so that none which was revoked later comes back."""

    def settle(self, copy: str, name: str, mark: Mark) -> None:
        """`copy` becomes `name`, which nobody drops but its user; it lets in whom the live database would."""

    def open(self, name: str) -> None:
        """Give the terminal to the database's own shell, as superuser; does not come back."""

    def drop(self, name: str) -> None: ...
    def allow(self, name: str) -> None: ...
    def switch(self, copy: str, kept: str, mark: Mark, kept_mark: Mark) -> None:
        """`copy` becomes live and the live one `kept`, or nothing changes; clients are disconnected."""
