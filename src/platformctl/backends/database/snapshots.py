"""Reading a database as it was at one moment: its dump, its proof and its properties."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from platformctl.backends.calls import observation
from platformctl.backends.database import proof, properties
from platformctl.backends.database.facts import Counter, Proof, Properties
from platformctl.backends.database.protocol import Snapshot
from platformctl.backends.database.sessions import SUPERUSER_SECRET, Sessions
from platformctl.tools import dumps

if TYPE_CHECKING:
    from psycopg import Connection

OBJECTS = "SELECT count(*) FROM pg_largeobject_metadata"
REPEATABLE = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def _free_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


@dataclass(frozen=True, kw_only=True)
class Snapshots(Sessions):
    """`memory` says how many bytes a dump may take, which runs on this machine."""

    memory: Callable[[], int] = _free_memory

    @observation("count the large objects")
    def large_objects(self) -> int:
        with self._session(self.name) as connection:
            return (connection.execute(OBJECTS).fetchone() or (0,))[0]

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The transaction stays open in the block; the dump and the proof see exactly what it sees."""
        with self._session(self.name) as connection:
            yield self._export(connection)

    @observation("take a snapshot")
    def _export(self, connection: Connection[tuple[Any, ...]]) -> Snapshot:
        connection.execute(REPEATABLE)
        row = connection.execute(
            "SELECT pg_export_snapshot(), extract(epoch FROM clock_timestamp())::float8"
        ).fetchone()
        assert row is not None
        return Snapshot(id=row[0], taken_at=row[1])

    @contextmanager
    def dump(self, snapshot: Snapshot) -> Iterator[BinaryIO]:
        password = self._stored(SUPERUSER_SECRET)
        with self.runner.pipe(dumps.dump(self.instance, self.name, snapshot.id, password)) as stream:
            yield stream

    @contextmanager
    def decode(self) -> Iterator[BinaryIO]:
        with self.runner.feed(dumps.decode(self.version)) as stream:
            yield stream

    def proof(self, database: str, snapshot: Snapshot | None = None) -> Proof:
        password = self._stored(SUPERUSER_SECRET)
        command = dumps.schema_text(self.instance, database, password, snapshot.id if snapshot else None)
        with self.runner.pipe(command) as stream:
            text = proof.text_hash(stream)
        return self._rows(database, snapshot).model_copy(update={"schema_text": text})

    @observation("count and hash the rows of {database}")
    def _rows(self, database: str, snapshot: Snapshot | None) -> Proof:
        with self._session(database) as connection:
            _enter(connection, snapshot)
            proof.pin(connection)
            return Proof(
                tables=proof.tables(connection),
                views=proof.views(connection),
                sequences=proof.sequences(connection),
                large_objects=proof.large_objects(connection),
                large_object_rights=proof.large_object_rights(connection),
                schema_text="",
            )

    @observation("read the sequences of {database}")
    def sequences(self, database: str) -> dict[str, Counter]:
        with self._session(database) as connection:
            return proof.sequences(connection)

    @observation("read owner, rights and settings of {database}")
    def properties(self, database: str, snapshot: Snapshot | None = None) -> Properties:
        with self._session(database) as connection:
            _enter(connection, snapshot)
            return properties.read(connection, database)


def _enter(connection: Connection[tuple[Any, ...]], snapshot: Snapshot | None) -> None:
    """The transaction ends with the connection."""
    from psycopg import sql

    connection.execute(REPEATABLE)
    if snapshot is not None:
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot.id)))
