"""PostgreSQL from a wheel, in a directory of its own and under the target's supervisor."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from platformctl.backends.calls import mutation, observation
from platformctl.backends.database import files, roles, session
from platformctl.backends.database.copies import Copies
from platformctl.backends.database.sessions import SUPERUSER_SECRET
from platformctl.backends.database.snapshots import Snapshots
from platformctl.errors import CommandError, DatabaseError, PreconditionError, StateError
from platformctl.tools import postgres

PATIENCE = 120.0  # seconds; recovery after a crash replays the write-ahead log first


class Supervisor(Protocol):
    def start(self, program: str) -> object: ...


@dataclass(frozen=True, kw_only=True)
class EmbeddedDatabase(Snapshots, Copies):
    supervisor: Supervisor

    def check(self) -> None:
        made = files.made_by(self.data, "platformctl up")
        if made not in (None, self.version):
            raise StateError(
                f"the data was made by PostgreSQL {made}, the configuration asks for {self.version}",
                cause=f"{self.data} can only be opened by major version {made}",
                state="The database was not touched.",
                fix=f"set database.version to {made} in the configuration, then platformctl up",
                reference="database/version",
            )

    def start(self) -> None:
        self.check()
        if files.made_by(self.data, "platformctl up") is None:
            self._make()
        self._require_namespace()
        self.supervisor.start("postgres")
        if not self.runner.rehearses:
            self._wait()

    def prepare(self, services: Sequence[str]) -> None:
        if self.runner.rehearses and not self.answers():
            self._make_database()
            for service in services:
                self._make_role(service, self._password(f"{service}/DATABASE_PASSWORD"))
            return
        self.heal()
        if self.name not in {each.name for each in self.databases()}:
            self._make_database()
        if not self._closed():
            self._close()
        for service in services:
            self.ensure_role(service)
            if not self._has_schema(service):
                self._make_schema(service)
            self._ensure_login(service)

    def ensure_role(self, service: str) -> None:
        if service not in self.roles():
            self._make_role(service, self._password(f"{service}/DATABASE_PASSWORD"))

    def _make(self) -> None:
        fix, state = "free some space, then platformctl up", "No database was made yet."
        files.require_room(self.data, files.ROOM, "a new database", fix, state)
        self._require_namespace()
        password = self._password(SUPERUSER_SECRET)
        self._sweep()
        made = files.unfinished(self.data)
        self.runner.run(postgres.initdb(self.version, made, password))
        if self.archive and self.archive.parent.exists():
            self._set_aside(self.archive.parent)
        self._publish(made)

    @mutation("sweep unfinished data directories")
    def _sweep(self) -> None:
        files.sweep(self.data)

    @mutation("set {kept} aside, which a former database left")
    def _set_aside(self, kept: Path) -> None:
        """The new server names the segments of its log as that did, and would replace none of them."""
        kept.rename(kept.with_name(f"{kept.name}.former-{time.time_ns()}"))

    @mutation("put the new data directory in its place")
    def _publish(self, made: Path) -> None:
        files.publish(made, self.data)

    def _require_namespace(self) -> None:
        if postgres.unprivileged(()) == ():
            return
        try:
            self.runner.run(postgres.namespace_works())
        except CommandError as error:
            raise PreconditionError(
                "PostgreSQL refuses to run as root, and this system allows no user namespaces",
                cause=error.cause,
                state="The database was not touched.",
                fix="run platformctl as another user, or sysctl -w user.max_user_namespaces=10000",
                reference="database/root",
            ) from error

    def _wait(self) -> None:
        import tenacity

        for attempt in tenacity.Retrying(
            stop=tenacity.stop_after_delay(PATIENCE),
            wait=tenacity.wait_fixed(0.05),
            retry=tenacity.retry_if_exception(_may_pass),
            reraise=True,
        ):
            with attempt:
                self.server()

    @mutation("create the database {self.name}")
    def _make_database(self) -> None:
        with self._session("postgres") as connection:
            roles.create_database(connection, self.name)

    @observation("look who may connect to {self.name}")
    def _closed(self) -> bool:
        with self._session(self.name) as connection:
            return roles.closed_to_public(connection)

    @mutation("let only the services' roles connect to {self.name}")
    def _close(self) -> None:
        with self._session(self.name) as connection:
            roles.close_to_public(connection, self.name)

    @mutation("create the role {service}")
    def _make_role(self, service: str, password: SecretStr) -> None:
        with self._session("postgres") as connection:
            roles.create_role(connection, service, password)

    @observation("look for the schema {service}")
    def _has_schema(self, service: str) -> bool:
        with self._session(self.name) as connection:
            return roles.has_schema(connection, service)

    @observation("look for tables of {service}")
    def has_tables(self, service: str) -> bool:
        with self._session(self.name) as connection:
            return roles.has_tables(connection, service)

    @mutation("create the schema {service}, owned by its role")
    def _make_schema(self, service: str) -> None:
        with self._session(self.name) as connection:
            roles.give_schema(connection, self.name, service)

    def _ensure_login(self, service: str) -> None:
        """The stored password is what the service is started with, so the role gets it, not the reverse."""
        password = self._password(f"{service}/DATABASE_PASSWORD")
        if self._logs_in(service, password):
            return
        self._set_password(service, password)
        if not self.runner.rehearses and not self._logs_in(service, password):
            raise StateError(
                f"the role {service} cannot log in with the password that it was given",
                state="The role has the password of the secret store; no data was touched.",
                fix="platformctl logs postgres",
                reference="database/password",
            )

    @observation("log in as {service}")
    def _logs_in(self, service: str, password: SecretStr) -> bool:
        try:
            with session.connect(self.instance, self.name, password, user=service):
                return True
        except PreconditionError as error:
            if error.reference != "database/auth":
                raise
            return False

    @mutation("give the role {service} the password of the secret store")
    def _set_password(self, service: str, password: SecretStr) -> None:
        with self._session("postgres") as connection:
            roles.set_password(connection, service, password)

    def _password(self, name: str) -> SecretStr:
        """The stored password, or a new one, stored before anything uses it."""
        found = self.secrets.get(name)
        if found is None:
            found = SecretStr(secrets.token_urlsafe(32))
            self.secrets.put(name, found)
        return found


def _may_pass(error: BaseException) -> bool:
    """Not yet listening, or starting up (57P03): worth waiting for; a refused password is not."""
    return isinstance(error, DatabaseError) and error.reference in ("database/unreachable", "database/57P03")
