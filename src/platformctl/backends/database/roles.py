"""One role and one schema a service in the live database; passwords are given, never made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from pydantic import SecretStr

if TYPE_CHECKING:
    from psycopg import Connection


def create_database(connection: Connection[tuple[Any, ...]], name: str) -> None:
    from psycopg import sql

    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def create_role(connection: Connection[tuple[Any, ...]], name: str, password: SecretStr) -> None:
    _with_password(
        connection, "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}", name, password
    )


def set_password(connection: Connection[tuple[Any, ...]], name: str, password: SecretStr) -> None:
    _with_password(connection, "ALTER ROLE {} PASSWORD {}", name, password)


def _with_password(
    connection: Connection[tuple[Any, ...]], statement: LiteralString, name: str, password: SecretStr
) -> None:
    """The password goes to the server only as the verifier that it stores, so no log can show it."""
    from psycopg import sql

    verifier = connection.pgconn.encrypt_password(
        password.get_secret_value().encode(), name.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(verifier)))


def close_to_public(connection: Connection[tuple[Any, ...]], database: str) -> None:
    """Without this every role may connect to every database and make temporary tables in it."""
    from psycopg import sql

    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for name in (database, "postgres", "template1"):
        statement = sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC")
        connection.execute(statement.format(sql.Identifier(name)))


def closed_to_public(connection: Connection[tuple[Any, ...]]) -> bool:
    row = connection.execute(
        "SELECT NOT bool_or(has_database_privilege('public', datname, 'CONNECT, TEMPORARY'))"
        " FROM pg_database WHERE datname IN (current_database(), 'postgres', 'template1')"
    ).fetchone()
    return row is not None and bool(row[0])


def give_schema(connection: Connection[tuple[Any, ...]], database: str, service: str) -> None:
    """The role owns its schema, finds it first and can reach no other; safe to repeat."""
    from psycopg import sql

    names = {"database": sql.Identifier(database), "service": sql.Identifier(service)}
    with connection.transaction():
        for statement in (
            "CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {service}",
            "GRANT CONNECT ON DATABASE {database} TO {service}",
            "ALTER ROLE {service} IN DATABASE {database} SET search_path = {service}",
        ):
            connection.execute(sql.SQL(statement).format(**names))


def has_schema(connection: Connection[tuple[Any, ...]], service: str) -> bool:
    row = connection.execute(
        "SELECT pg_get_userbyid(nspowner) = nspname FROM pg_namespace WHERE nspname = %s", (service,)
    ).fetchone()
    return row is not None and bool(row[0])


def has_tables(connection: Connection[tuple[Any, ...]], service: str) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = %s)", (service,)
    ).fetchone()
    return row is not None and bool(row[0])
