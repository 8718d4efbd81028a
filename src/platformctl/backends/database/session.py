"""One connection as the superuser over the private socket, its errors told as ours; holds no SQL."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from platformctl.errors import DatabaseError, PreconditionError
from platformctl.tools.postgres import SUPERUSER, WITHOUT_LIMITS, Instance

if TYPE_CHECKING:
    from psycopg import Connection

FIX = "platformctl health"
TRANSACTIONS_LIMITED = 170000  # since this version of the server, which an older one does not know by name
logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it says, our errors tell in full
OPTIONS = "-c lock_timeout=5s -c client_encoding=UTF8"


@contextmanager
def connect(
    instance: Instance, database: str, password: SecretStr, user: str = SUPERUSER
) -> Iterator[Connection[tuple[Any, ...]]]:
    """Autocommits; every lock is waited for at most 5 s, other than that nothing has a limit.

    A database's own settings are for its services: with their limits no proof of a large table would end.
    Raises DatabaseError, or PreconditionError when the password is refused.
    """
    import psycopg

    try:
        with psycopg.connect(
            host=str(instance.sockets),
            port=instance.port,
            dbname=database,
            user=user,
            password=password.get_secret_value(),
            connect_timeout=5,
            application_name="platformctl",
            options=f"{WITHOUT_LIMITS} {OPTIONS}",
            autocommit=True,
        ) as connection:
            if connection.info.server_version >= TRANSACTIONS_LIMITED:
                connection.execute("SET transaction_timeout = 0")
            yield connection
    except psycopg.Error as error:
        first = str(error).strip() or type(error).__name__
        if "authentication failed" in first:
            raise _not_let_in(user, first) from error
        raise DatabaseError(
            f"PostgreSQL did not do what was asked of the database {database}"
            if error.sqlstate
            else f"the database {database} cannot be reached",
            cause=first.splitlines()[0],
            state="What was committed before stays; nothing else was changed.",
            evidence=tuple(first.splitlines()),
            fix=FIX,
            reference=f"database/{error.sqlstate}" if error.sqlstate else "database/unreachable",
        ) from error


def _not_let_in(user: str, said: str) -> PreconditionError:
    return PreconditionError(
        f"PostgreSQL refuses the stored password of {user}",
        cause=said.splitlines()[0],
        state="",
        fix="put secrets.age and its key back as they were when the database was made; what changed since: "
        "platformctl secrets list",
        reference="database/auth",
    )
