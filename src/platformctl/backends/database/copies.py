"""Making a copy beside the live database, and letting the two change places in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from platformctl.backends.calls import mutation, observation
from platformctl.backends.database import files, marks, properties
from platformctl.backends.database.facts import Extension, Properties
from platformctl.backends.database.loading import Loading
from platformctl.backends.database.marks import Mark
from platformctl.backends.database.sessions import SUPERUSER_SECRET
from platformctl.tools import postgres

AVAILABLE = "SELECT name, version FROM pg_available_extension_versions"
COLLATIONS = (
    "SELECT collcollate FROM pg_collation WHERE collcollate IS NOT NULL UNION VALUES ('C'), ('POSIX')"
)
OBSTACLES = """
    SELECT 'ROLLBACK PREPARED ' || quote_literal(gid) || ';' FROM pg_prepared_xacts WHERE database = %(name)s
    UNION ALL
    SELECT 'SELECT pg_drop_replication_slot(' || quote_literal(slot_name) || ');'
    FROM pg_replication_slots WHERE database = %(name)s
    UNION ALL
    SELECT format('ALTER SUBSCRIPTION %%1$I DISABLE; ALTER SUBSCRIPTION %%1$I SET (slot_name = NONE); '
                  'DROP SUBSCRIPTION %%1$I;', subname)
    FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = %(name)s
"""
CREATE = "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
MAKING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND starts_with(query, %s)"
END_SESSIONS = "auth.end_all_sessions()"  # a function that the auth service's migrations make
SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)"


@dataclass(frozen=True, kw_only=True)
class Copies(Loading):
    def require_room(self, needed: int, purpose: str) -> None:
        files.require_room(self.data, needed, purpose, "free some space, then run the same command again")

    @observation("list roles")
    def roles(self) -> dict[str, tuple[str, ...]]:
        with self._session("postgres") as connection:
            return properties.attributes(connection)

    @observation("list the extensions that can be had")
    def extensions(self) -> frozenset[Extension]:
        with self._session("postgres") as connection:
            return frozenset(Extension(name=row[0], version=row[1]) for row in connection.execute(AVAILABLE))

    @observation("list the locales that can be had")
    def locales(self) -> frozenset[str]:
        with self._session("postgres") as connection:
            return frozenset(row[0] for row in connection.execute(COLLATIONS))

    @observation("look for what would block the switch")
    def obstacles(self) -> tuple[str, ...]:
        """Statements that would remove what holds on to the live database, such as slots."""
        with self._session("postgres") as connection:
            return tuple(row[0] for row in connection.execute(OBSTACLES, {"name": self.name}))

    def heal(self) -> tuple[str, ...]:
        """Drop the half-filled copies that a killed restore left, one that is still being made among them."""
        if self.runner.rehearses and not self.answers():
            return ()
        making = self._making()
        if making:
            self._end_making(making)
        self.forget_list()
        found = self.databases()
        healed = []
        for each in marks.copies(self.name, found):
            self.drop(each.name)
            healed.append(f"dropped {each.name}, the unfinished copy of a restore that was killed")
        return tuple(healed)

    @observation("look for copies that the server is making")
    def _making(self) -> list[int]:
        """CREATE DATABASE runs to its end after its client was killed: the copy would appear later."""
        from psycopg import sql

        with self._session("postgres") as connection:
            quoted = sql.Identifier(marks.copy_name(self.name, "")).as_string(connection)
            begin = f"CREATE DATABASE {quoted.removesuffix(chr(34))}"
            return [pid for (pid,) in connection.execute(MAKING, (begin,))]

    @mutation("end what a killed restore still has the server do")
    def _end_making(self, sessions: list[int]) -> None:
        with self._session("postgres") as connection:
            connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid", (sessions,))

    @mutation("create the database {name}")
    def create_copy(self, name: str, like: Properties, mark: Mark) -> None:
        from psycopg import sql

        with self._session("postgres") as connection:
            literals = [sql.Literal(each) for each in (like.encoding, like.collate, like.ctype)]
            connection.execute(sql.SQL(CREATE).format(sql.Identifier(name), *literals))
            connection.execute(_comment(name, mark))

    @mutation("put owner, rights and settings onto {name}")
    def apply(self, name: str, wanted: Properties) -> None:
        with self._session("postgres") as connection:
            properties.apply(connection, name, wanted)

    @mutation("collect statistics of {name}")
    def analyze(self, name: str) -> None:
        with self._session(name) as connection:
            connection.execute("ANALYZE")

    @mutation("end all sessions of users that {name} knows")
    def end_sessions(self, name: str) -> None:
        """Tokens that were revoked after the data's moment would be good again otherwise."""
        with self._session(name) as connection:
            found = connection.execute("SELECT to_regprocedure(%s)", (END_SESSIONS,)).fetchone()
            if found != (None,):
                connection.execute(f"SELECT {END_SESSIONS}".encode())

    def open(self, name: str) -> None:
        """psql takes the place of this process."""
        self.runner.become(postgres.psql(self.instance, name, self._stored(SUPERUSER_SECRET)))

    @mutation("drop the database {name}")
    def drop(self, name: str) -> None:
        from psycopg import sql

        with self._session("postgres") as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    @mutation("rename {copy} to {name}, closed to whom the backup does not let in")
    def settle(self, copy: str, name: str, mark: Mark) -> None:
        """From here on it is nobody's garbage; a name that is taken leaves it what it was."""
        from psycopg import sql

        old, new = sql.Identifier(copy), sql.Identifier(name)
        with self._session("postgres") as connection, self._ending((copy,)), connection.transaction():
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, new))
            connection.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(new))
            connection.execute(_comment(name, mark))

    @mutation("let clients connect to {name}")
    def allow(self, name: str) -> None:
        from psycopg import sql

        with self._session("postgres") as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name))
            )

    @mutation("rename {self.name} to {kept} and {copy} to {self.name}, in one transaction")
    def switch(self, copy: str, kept: str, mark: Mark, kept_mark: Mark) -> None:
        """`copy` becomes live and the live one `kept`, or nothing changes; clients are disconnected.

        Nothing is closed before the transaction: RENAME locks the database against new connections and waits
        up to 5 s for the old ones, which are ended meanwhile, so that a kill leaves the live one as it was.
        """
        from psycopg import sql

        live, aside, new = (sql.Identifier(name) for name in (self.name, kept, copy))
        with (
            self._session("postgres") as connection,
            self._ending((self.name, copy)),
            connection.transaction(),
        ):
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(live, aside))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, live))
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(live))
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(aside))
            connection.execute(_comment(kept, kept_mark))
            connection.execute(_comment(self.name, mark))

    @contextmanager
    def _ending(self, names: tuple[str, ...]) -> Iterator[None]:
        """Sessions of these databases are ended, again and again, while the block runs."""
        import psycopg

        stop = threading.Event()
        with self._session("postgres") as connection:

            def end() -> None:
                with suppress(psycopg.Error):  # RENAME then says that others are still connected
                    while not stop.is_set():
                        connection.execute(SESSIONS, ([*names],))
                        stop.wait(0.05)

            thread = threading.Thread(target=end, daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()


def _comment(name: str, mark: Mark) -> Any:
    from psycopg import sql

    return sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(mark.text()))
