"""What belongs to a database but not to its dump: read from one, and put onto a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from platformctl.backends.database.facts import Extension, Properties

if TYPE_CHECKING:
    from psycopg import Connection

    Session = Connection[tuple[Any, ...]]

DATABASE = """
    SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
           (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a), datconnlimit
    FROM pg_database WHERE datname = %s
"""
SETTINGS = """
    SELECT coalesce(r.rolname, ''), s.setconfig
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE d.datname = %s ORDER BY 1
"""
# The server's first superuser (10) stands for itself: what it owns is recorded nowhere.
ROLES = """
    SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND (oid = 10 OR oid IN (
        SELECT s.refobjid FROM pg_shdepend s, pg_database d
        WHERE d.datname = %(name)s AND s.refclassid = 'pg_authid'::regclass
          AND (s.dbid = d.oid OR s.classid = 'pg_database'::regclass AND s.objid = d.oid)
        UNION SELECT s.setrole FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = %(name)s))
    ORDER BY 1
"""
ATTRIBUTES = """
    SELECT rolname, array_remove(ARRAY[
        CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcanlogin THEN 'LOGIN' END,
        CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL)
    FROM pg_roles
"""
EXTENSIONS = "SELECT extname, extversion FROM pg_extension ORDER BY 1"
# pg_dump writes these as lists, so a list must go back as one and anything else as one value.
LISTS = frozenset({"search_path", "session_preload_libraries", "local_preload_libraries", "temp_tablespaces"})


def read(session: Session, database: str) -> Properties:
    """`session` is connected to `database`."""
    row = session.execute(DATABASE, (database,)).fetchone()
    assert row is not None
    settings = {role: tuple(values) for role, values in session.execute(SETTINGS, (database,))}
    roles = tuple(name for (name,) in session.execute(ROLES, {"name": database}))
    everyone = attributes(session)
    return Properties(
        owner=row[0],
        encoding=row[1],
        collate=row[2],
        ctype=row[3],
        access=None if row[4] is None else tuple(row[4]),
        settings=settings.pop("", ()),
        role_settings=settings,
        roles=roles,
        role_attributes={name: everyone[name] for name in roles},
        extensions=tuple(
            Extension(name=name, version=version) for name, version in session.execute(EXTENSIONS)
        ),
        connections=row[5],
    )


def attributes(session: Session) -> dict[str, tuple[str, ...]]:
    """What each role may do in the whole server."""
    return {name: tuple(words) for name, words in session.execute(ATTRIBUTES)}


def apply(session: Session, database: str, wanted: Properties) -> None:
    """Owner, access list and settings, in one transaction; the session is connected to any database."""
    from psycopg import sql

    name = sql.Identifier(database)
    with session.transaction():
        session.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(wanted.owner)))
        for statement in _access(session, wanted.access):
            session.execute(sql.SQL(statement[0]).format(name, *statement[1:]))
        if wanted.connections is not None:
            limit = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}")
            session.execute(limit.format(name, sql.Literal(wanted.connections)))
        for setting in wanted.settings:
            session.execute(sql.SQL("ALTER DATABASE {} SET {}").format(name, _setting(setting)))
        for role, settings in wanted.role_settings.items():
            for setting in settings:
                statement = sql.SQL("ALTER ROLE {} IN DATABASE {} SET {}")
                session.execute(statement.format(sql.Identifier(role), name, _setting(setting)))


def _setting(setting: str) -> Any:
    from psycopg import sql

    name, _, value = setting.partition("=")
    if name.lower() in LISTS:
        return sql.SQL("{} = {}").format(sql.Identifier(name), sql.SQL(value or "''"))
    return sql.SQL("{} = {}").format(sql.Identifier(*name.split(".")), sql.Literal(value))


def _access(session: Session, access: tuple[str, ...] | None) -> list[tuple[Any, ...]]:
    """GRANTs that lead from an empty access list to the wanted one."""
    from psycopg import sql

    if access is None:
        return []
    statements: list[tuple[Any, ...]] = [("REVOKE ALL ON DATABASE {} FROM PUBLIC",)]
    for entry in access:
        rows = session.execute(
            "SELECT a.grantee = 0, a.grantee::regrole::text, a.privilege_type, a.is_grantable"
            " FROM aclexplode(ARRAY[%s::aclitem]) a",
            (entry,),
        )
        for public, grantee, privilege, grantable in rows:
            whom = sql.SQL("PUBLIC") if public else sql.SQL(grantee)
            option = sql.SQL(" WITH GRANT OPTION" if grantable else "")
            statements.append(("GRANT " + privilege + " ON DATABASE {} TO {}{}", whom, option))
    return statements
