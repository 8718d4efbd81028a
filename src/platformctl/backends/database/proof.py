"""Reads the proof of a database's content: a count and a sum of hashes for everything that holds rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from platformctl.backends.database.facts import Counter, Rows, View

if TYPE_CHECKING:
    from psycopg import Connection, sql

    Session = Connection[tuple[Any, ...]]

# A row's text depends on these, so they are the same whoever reads it.
PINNED = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "search_path": "",
    "row_security": "off",
}
USERS_OWN = """
    SELECT n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = %s AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')  -- an extension makes its own
    ORDER BY 1, 2
"""
COUNTER = """
    SELECT last_value, is_called, (SELECT seqincrement FROM pg_sequence WHERE seqrelid = {}::regclass) FROM {}
"""
OWNER = """
    SELECT n.nspname, c.relname, a.attname
    FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = {}::regclass AND d.deptype IN ('a', 'i')
      AND d.refclassid = 'pg_class'::regclass AND c.relkind IN ('r', 'p')
      AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
"""
# (t.*) is the row even where a column is called t, which a bare t would mean then.
SUM = "SELECT count(*), coalesce(sum(hashtextextended((t.*)::text, 0)), 0)::text FROM {} t"
LARGE_OBJECTS = """
    SELECT (SELECT count(*) FROM pg_largeobject_metadata),
           (SELECT coalesce(sum(hashtextextended(loid || ' ' || pageno || ' ' || encode(data, 'hex'), 0)), 0)
            FROM pg_largeobject)::text
"""
LARGE_OBJECT_RIGHTS = """
    SELECT coalesce(sum(hashtextextended(concat_ws(E'\\n', oid, pg_get_userbyid(lomowner), (
        SELECT string_agg(entry, ' ' ORDER BY entry)
        FROM aclexplode(coalesce(lomacl, acldefault('L', lomowner))) a,
             format('%s %s %s', a.grantee::regrole, a.privilege_type, a.is_grantable) entry
    ), obj_description(oid, 'pg_largeobject')), 0)), 0)::text FROM pg_largeobject_metadata
"""


def pin(session: Session) -> None:
    """For the transaction that the session is in."""
    for name, value in PINNED.items():
        session.execute("SELECT set_config(%s, %s, true)", (name, value))


def tables(session: Session) -> dict[str, Rows]:
    from psycopg import sql

    return {
        name: _sum(session, sql.SQL("ONLY {}").format(sql.Identifier(schema, relation)))
        for schema, relation, name in session.execute(USERS_OWN, ("r",)).fetchall()
    }


def views(session: Session) -> dict[str, View]:
    return {
        name: _view(session, schema, relation)
        for schema, relation, name in session.execute(USERS_OWN, ("m",)).fetchall()
    }


def sequences(session: Session) -> dict[str, Counter]:
    from psycopg import sql

    found = {}
    for schema, relation, name in session.execute(USERS_OWN, ("S",)).fetchall():
        last, called, step = session.execute(
            sql.SQL(COUNTER).format(sql.Literal(name), sql.Identifier(schema, relation))
        ).fetchone() or (0, False, 1)
        value = last if called else last - step  # what the next value follows
        found[name] = Counter(before=value, after=value, step=step, column=_furthest(session, name, step))
    return found


def large_objects(session: Session) -> Rows:
    count, total = session.execute(LARGE_OBJECTS).fetchone() or (0, "0")
    return Rows(count=count, sum=total)


def large_object_rights(session: Session) -> str:
    (total,) = session.execute(LARGE_OBJECT_RIGHTS).fetchone() or ("0",)
    return str(total)


def text_hash(lines: Iterable[bytes]) -> str:
    """Of a schema's SQL from its first statement on, every byte: a text may hold what looks like a comment.

    What stands above names versions and a random key, which the last line (\\unrestrict) has again.
    """
    digest, begun, last = hashlib.sha256(), False, b""
    for line in lines:
        begun = begun or line.startswith(b"SET ")
        if begun and line != last:
            digest.update(line)
        elif line.startswith(b"\\restrict "):
            last = b"\\un" + line[1:]
    return digest.hexdigest()


def _view(session: Session, schema: str, relation: str) -> View:
    from psycopg import sql

    name = sql.Identifier(schema, relation)
    populated, query = session.execute(
        sql.SQL(
            "SELECT c.relispopulated, pg_get_viewdef(c.oid) FROM pg_class c WHERE c.oid = {}::regclass"
        ).format(sql.Literal(name.as_string(session)))
    ).fetchone() or (False, "")
    if not populated:
        return View(rows=None, stale=False)
    rows = _sum(session, name)
    fresh = _sum(session, sql.SQL("({})").format(sql.SQL(query.rstrip(";"))))
    return View(rows=rows, stale=rows != fresh)


def _furthest(session: Session, sequence: str, step: int) -> int | None:
    """What the column that owns the sequence has come to, in the direction that the sequence counts."""
    from psycopg import sql

    owner = session.execute(sql.SQL(OWNER).format(sql.Literal(sequence))).fetchone()
    if owner is None:
        return None
    table, column = sql.Identifier(*owner[:2]), sql.Identifier(owner[2])
    query = "SELECT max({}) FROM {}" if step > 0 else "SELECT min({}) FROM {}"
    return (session.execute(sql.SQL(query).format(column, table)).fetchone() or (None,))[0]


def _sum(session: Session, source: sql.Composable) -> Rows:
    from psycopg import sql

    count, total = session.execute(sql.SQL(SUM).format(source)).fetchone() or (0, "0")
    return Rows(count=count, sum=total)
