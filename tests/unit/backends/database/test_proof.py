from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from platformctl.backends.database import facts, proof
from platformctl.operations.context import Context
from tests.database import run

Environment = Callable[..., Context]


def changed(ctx: Context, statement: str) -> tuple[str, ...]:
    """What the proof says of a copy in which `statement` was run."""
    database = ctx.backends.database
    expected = database.proof(database.name)
    copy = f"{database.name}__{secrets.token_hex(4)}"
    run(ctx, f'CREATE DATABASE "{copy}" TEMPLATE "{database.name}"', "postgres")
    try:
        if statement:
            run(ctx, statement, copy)
        return facts.differences(expected, database.proof(copy))
    finally:
        database.drop(copy)


def test_an_exact_copy_has_no_difference(environment: Environment) -> None:
    assert changed(environment(), "") == ()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM items.items WHERE id = 7", "table items.items has 499 rows instead of 500"),
        ("UPDATE items.items SET price = price + 1e-9 WHERE id = 7", "table items.items has other content"),
        ("UPDATE items.items SET title = 'x' WHERE id = 7", "table items.items has other content"),
        ("SELECT setval('items.items_id_seq', 499)", "sequence items.items_id_seq stands at 499"),
        ("SELECT setval('items.items_id_seq', 500, false)", "sequence items.items_id_seq stands at 499"),
        ("DROP INDEX items.items_title", "definitions differ"),
        ("DROP TRIGGER note ON items.items", "definitions differ"),
        ("ALTER TABLE items.items DISABLE TRIGGER note", "definitions differ"),
        ("ALTER TABLE items.items ALTER title DROP DEFAULT", "definitions differ"),
        ("ALTER TABLE items.items DROP CONSTRAINT items_state_check", "definitions differ"),
        ("DROP VIEW items.open", "definitions differ"),
        ("CREATE OR REPLACE VIEW items.open AS SELECT id, title FROM items.items", "definitions differ"),
        ("ALTER TABLE items.log OWNER TO auth", "definitions differ"),
        ("GRANT SELECT ON items.items TO auth", "definitions differ"),
        ("DROP TABLE items.log CASCADE", "table items.log is missing"),
        ("CREATE TABLE items.more (a int)", "table items.more is not in the backup"),
        ("SELECT lo_unlink(oid) FROM pg_largeobject_metadata", "large objects differ"),
        ("REFRESH MATERIALIZED VIEW items.totals WITH NO DATA", "materialized view items.totals has"),
    ],
)
def test_the_proof_catches(environment: Environment, statement: str, said: str) -> None:
    found = changed(environment(), statement)
    assert any(line.startswith(said) for line in found), found


@pytest.mark.parametrize(
    ("made", "moved", "said"),
    [
        ("id int GENERATED ALWAYS AS IDENTITY", 9, "stands at 9, and its column is at 10"),
        ("id smallserial", 9, "stands at 9, and its column is at 10"),
        ("id int GENERATED ALWAYS AS IDENTITY (INCREMENT -1)", -9, "stands at -9, and its column is at -10"),
        ("id int GENERATED ALWAYS AS IDENTITY", 10, ""),
        ("id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT -1)", -10, ""),
    ],
)
def test_a_sequence_that_would_give_a_value_again_is_caught(
    environment: Environment, made: str, moved: int, said: str
) -> None:
    ctx = environment()
    database = ctx.backends.database
    run(ctx, f"CREATE TABLE items.n ({made}, x int); INSERT INTO items.n (x) SELECT generate_series(1, 10)")
    whole = database.proof(database.name)
    wide = whole.sequences["items.n_id_seq"].model_copy(update={"after": 0})
    expected = whole.model_copy(update={"sequences": whole.sequences | {"items.n_id_seq": wide}})
    run(ctx, f"SELECT setval('items.n_id_seq', {moved})")
    found = facts.differences(expected, database.proof(database.name))
    assert found == ((f"sequence items.n_id_seq {said}",) if said else ())


def test_a_sequence_that_was_behind_in_the_original_may_be_behind(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "INSERT INTO items.items (id, state) VALUES (9000, 'open')")
    database = ctx.backends.database
    assert database.proof(database.name).sequences["items.items_id_seq"].behind
    assert changed(ctx, "") == ()


def test_rows_count_the_same_in_any_order_and_with_any_settings(environment: Environment) -> None:
    ctx = environment()
    database = ctx.backends.database
    before = database.proof(database.name)
    run(ctx, f"ALTER DATABASE \"{database.name}\" SET timezone = 'Asia/Tokyo'", "postgres")
    run(ctx, f"ALTER DATABASE \"{database.name}\" SET datestyle = 'German'", "postgres")
    run(ctx, f'ALTER DATABASE "{database.name}" SET extra_float_digits = -10', "postgres")
    run(ctx, "CLUSTER items.items USING items_title")
    after = database.proof(database.name)
    assert after.tables == before.tables


def test_a_stale_view_is_known_as_stale(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "DELETE FROM items.items WHERE state = 'open'")
    assert ctx.backends.database.proof(ctx.backends.database.name).views["items.totals"].stale


def test_an_empty_database_is_proven_too(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "DROP SCHEMA items CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    assert changed(ctx, "") == ()


def test_the_random_key_of_a_dump_is_no_difference() -> None:
    lines = [b"\\restrict abc\n", b"-- Dumped from 16.1\n", b"SET a = 1;\n", b"\n", b"\\unrestrict abc\n"]
    other = [b"\\restrict xyz\n", b"SET a = 1;\n", b"\n", b"\\unrestrict xyz\n"]
    assert proof.text_hash(lines) == proof.text_hash(other)


@pytest.mark.parametrize(
    "line", [b"SET b = 1;\n", b"\n", b"-- x\n", b"SET a = 1;\r\n", b"\\unrestrict abc\n", b"\xff\n"]
)
def test_every_other_byte_of_the_definitions_counts(line: bytes) -> None:
    lines = [b"\\restrict xyz\n", b"SET a = 1;\n"]
    assert proof.text_hash([*lines, line]) != proof.text_hash(lines)


def test_what_an_older_backup_does_not_know_is_not_compared(environment: Environment) -> None:
    database = environment().backends.database
    found, had = database.proof(database.name), database.properties(database.name)
    older = found.model_copy(update={"large_object_rights": None})
    assert facts.differences(older, found) == ()
    assert facts.unlike(had.model_copy(update={"connections": None}), had) == ()
