"""A PostgreSQL server that is reached as its superuser: what every target's database has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import SecretStr

from platformctl.backends.calls import observation
from platformctl.backends.database import session
from platformctl.backends.database.protocol import DatabaseInfo, Server
from platformctl.errors import DatabaseError, PreconditionError, StateError
from platformctl.shell.runner import Runner
from platformctl.tools import postgres

if TYPE_CHECKING:
    from psycopg import Connection

    from platformctl.backends.secrets.protocol import Secrets

SUPERUSER_SECRET = "platform/POSTGRES_PASSWORD"  # noqa: S105 - the name of a secret, not its value
SWITCHING = 7_263_150_042  # an advisory lock is a number; this one is ours alone
WHO = """
    SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),
           system_identifier::text
    FROM pg_control_system()
"""
DATABASES = """
    SELECT datname, pg_database_size(oid),
           (SELECT count(*) FROM pg_stat_activity WHERE datid = d.oid),
           coalesce(shobj_description(oid, 'pg_database'), '')
    FROM pg_database d WHERE NOT datistemplate ORDER BY datname
"""


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """`port` may be a call: a target that chooses ports at its start knows it only then."""

    data: Path
    sockets: Path
    port: int | Callable[[], int]
    secrets: Secrets
    runner: Runner
    version: int = 16
    connections: int = 100
    name: str = "platform"
    archive: Path | None = None

    @property
    def instance(self) -> postgres.Instance:
        port = self.port() if callable(self.port) else self.port
        return postgres.Instance(self.data, self.sockets, port, self.version, self.connections, self.archive)

    def url(self, service: str) -> str:
        password = quote(self._stored(f"{service}/DATABASE_PASSWORD").get_secret_value(), safe="")
        return f"postgresql://{service}:{password}@127.0.0.1:{self.instance.port}/{self.name}"

    def answers(self) -> bool:
        try:
            self.server()
        except (DatabaseError, PreconditionError):
            return False
        return True

    @observation("ask the database server who it is")
    def server(self) -> Server:
        with self._session("postgres") as connection:
            row = connection.execute(WHO).fetchone()
        assert row is not None
        return Server(major=row[0], version=row[1], system_id=row[2])

    @observation("list databases")
    def databases(self) -> tuple[DatabaseInfo, ...]:
        with self._session("postgres") as connection:
            rows = connection.execute(DATABASES).fetchall()
        return tuple(DatabaseInfo(*row) for row in rows)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """For the block, no other run of ours switches databases of this server, from whichever machine.

        Raises PreconditionError when one does. The lock goes with the connection, however it ends.
        """
        with self._session("postgres") as connection:
            if connection.execute("SELECT pg_try_advisory_lock(%s)", (SWITCHING,)).fetchone() != (True,):
                raise PreconditionError(
                    "another restore works on this database server",
                    cause="it holds the server's advisory lock; it may run on another machine",
                    fix="wait until it ends, then run the same command again",
                    reference="restore/busy",
                )
            yield

    @contextmanager
    def _session(self, database: str) -> Iterator[Connection[tuple[Any, ...]]]:
        with session.connect(self.instance, database, self._stored(SUPERUSER_SECRET)) as connection:
            yield connection

    def _stored(self, name: str) -> SecretStr:
        found = self.secrets.get(name)
        if found is None:
            raise StateError(
                f"the secret {name} is missing",
                cause="the secret store holds no value under this name",
                fix="platformctl up",
                reference="secrets/missing",
            )
        return found
