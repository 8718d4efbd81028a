"""The database that benchmarks/backup measures: events with a GIN index, texts, an audit log, accounts."""

from __future__ import annotations

import psycopg

TABLES = """
    CREATE TABLE bench_accounts (id int PRIMARY KEY, name text NOT NULL, balance numeric(12, 2) NOT NULL);
    CREATE TABLE bench_events (
        id bigint PRIMARY KEY, at timestamptz NOT NULL, account int NOT NULL REFERENCES bench_accounts,
        kind text NOT NULL, payload jsonb NOT NULL
    );
    CREATE TABLE bench_texts (id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL);
    CREATE TABLE bench_audit (
        id bigint PRIMARY KEY, event bigint NOT NULL REFERENCES bench_events, who uuid NOT NULL,
        what text NOT NULL
    );
    INSERT INTO bench_accounts SELECT n, 'account ' || n, n / 3.0 FROM generate_series(1, 50000) n;
"""
# Words by Zipf's law: the square of a uniform draw prefers the first ones.
ROUND = """
    INSERT INTO bench_events
        SELECT n, '2026-01-01'::timestamptz + n * interval '7 seconds', 1 + n %% 50000, 'kind ' || n %% 17,
               jsonb_build_object('n', n, 'tags', jsonb_build_array('t' || n %% 31, 't' || n %% 57),
                                  'x', md5(n::text))
        FROM generate_series(%(from)s + 1, %(from)s + 60000) n;
    INSERT INTO bench_texts
        SELECT n, 'text ' || n, (SELECT string_agg(substr(md5((3000 * random() ^ 2)::int::text), 1, 7), ' ')
                                 FROM generate_series(1, 60 + n %% 40))
        FROM generate_series(%(from)s + 1, %(from)s + 8000) n;
    INSERT INTO bench_audit SELECT n, n, md5(n::text)::uuid, 'changed by rule ' || n %% 101
        FROM generate_series(%(from)s + 1, %(from)s + 60000) n;
"""
INDEXES = """
    CREATE INDEX ON bench_events USING gin (payload);
    CREATE INDEX ON bench_events (at); CREATE INDEX ON bench_events (account, at);
    CREATE INDEX ON bench_events (kind);
    CREATE INDEX ON bench_texts (title); CREATE INDEX ON bench_texts (md5(body));
    CREATE INDEX ON bench_audit (event); CREATE INDEX ON bench_audit (who);
    CREATE INDEX ON bench_audit (what); CREATE INDEX ON bench_accounts (name);
    CREATE INDEX ON bench_accounts (balance);
    CREATE MATERIALIZED VIEW bench_kinds AS SELECT kind, count(*) FROM bench_events GROUP BY kind;
    ANALYZE;
"""
STEP = 60_000  # events a round
INDEXED = 1.75  # a database with the indexes, as a multiple of the one without them


def fill(url: str, size: int) -> int:
    """Content of about `size` bytes with its indexes; answers how many bytes the database then takes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
        number = 0
        while _size(connection) * INDEXED < size:
            connection.execute(ROUND.replace("%(from)s", str(number)).replace("%%", "%").encode())
            number += STEP
        connection.execute(INDEXES)
        return _size(connection)


def _size(connection: psycopg.Connection) -> int:
    return connection.execute("SELECT pg_database_size(current_database())").fetchone()[0]
