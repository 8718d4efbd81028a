"""A restore beside the live database: whole or of some tables, proven, listed and dropped."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage
import pytest
from pydantic import SecretStr

from platformctl import cli
from platformctl.backends.database import marks
from platformctl.errors import (
    CommandError,
    DatabaseError,
    PlatformError,
    PreconditionError,
    RestoreRefusedError,
)
from platformctl.events import Narrated, Notice
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.catalogue import DATA, MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.doctor_backups import examine
from platformctl.operations.manifest import Manifest
from platformctl.operations.restore import restore
from platformctl.operations.restore_beside import (
    Wish,
    databases_beside,
    drop,
    open_beside,
    restore_beside,
    what_is_dropped,
)
from platformctl.operations.restore_undo import undo
from platformctl.shell.command import Command
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from tests.backups import edit, file_of
from tests.database import SERVICES, names, rows, run
from tests.killing import boundaries
from tests.support import Heard

Environment = Callable[..., Context]
FAMILY = """
    SET ROLE items;
    CREATE TABLE items.notes (
        id serial PRIMARY KEY, item bigint NOT NULL REFERENCES items.items, before int REFERENCES items.notes,
        words text DEFAULT 'none' CHECK (words <> ''), UNIQUE (item, words)
    );
    CREATE INDEX notes_words ON items.notes (lower(words));
    CREATE TRIGGER note AFTER INSERT ON items.notes FOR EACH ROW EXECUTE FUNCTION items.note();
    ALTER TABLE items.notes DISABLE TRIGGER note;
    INSERT INTO items.notes (item, before, words)
        SELECT n, nullif(n - 1, 0), 'note ' || n FROM generate_series(1, 50) n;
    CREATE TABLE items.years (year int, item bigint REFERENCES items.items) PARTITION BY RANGE (year);
    CREATE TABLE items.early PARTITION OF items.years FOR VALUES FROM (0) TO (2000);
    CREATE TABLE items.late PARTITION OF items.years FOR VALUES FROM (2000) TO (3000);
    INSERT INTO items.years SELECT 1990 + n, n FROM generate_series(1, 20) n;
    CREATE TABLE items."Od.d ""name" (a int);
    INSERT INTO items."Od.d ""name" VALUES (1), (2);
"""


def beside(ctx: Context) -> str:
    """A name that the fixture cleans up after."""
    return f"{ctx.backends.database.name}_yesterday"


def all_names(ctx: Context) -> list[str]:
    return [each.name for each in ctx.backends.database.databases()]


def refused(ctx: Context, backup: str, wish: Wish) -> PlatformError:
    before, known = rows(ctx), all_names(ctx)
    with pytest.raises(PreconditionError) as raised:
        restore_beside(ctx, backup, wish)
    assert raised.value.state == "Nothing was touched."
    assert (rows(ctx), all_names(ctx)) == (before, known)
    return raised.value


def of_yesterday(ctx: Context) -> tuple[object, ...]:
    return run(ctx, "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM items.items t", beside(ctx))[0]


# --- refused


@pytest.mark.parametrize(
    "name",
    ["", "1st", "Yesterday", "a-b", 'a"b', "x" * 64, "postgres", "template1", "{live}", "{live}__old_x"],
)
def test_a_name_that_is_none_or_is_taken_or_is_one_of_ours_is_refused(
    environment: Environment, name: str
) -> None:
    ctx = environment()
    made = create(ctx)
    name = name.format(live=ctx.backends.database.name)
    assert refused(environment(), made.id, Wish(name)).reference == "restore/name"


def test_the_name_of_another_database_is_refused_and_that_database_stays(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    run(ctx, f'CREATE DATABASE "{beside(ctx)}"', "postgres")
    failure = refused(environment(), made.id, Wish(beside(ctx)))
    assert failure.reference == "restore/name"
    assert "has a database of that name" in failure.cause


def test_an_unknown_table_is_told_with_the_nearest_names(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    file_of(ctx, made.id, DATA).unlink()  # it is told before the data is read
    failure = refused(environment(), made.id, Wish(beside(ctx), ("items.log", "items.item")))
    assert failure.reference == "restore/table"
    assert "no table items.item" in failure.message
    assert "items.items" in failure.cause
    assert "items.log" in refused(environment(), made.id, Wish(beside(ctx), ("log",))).cause


@pytest.mark.parametrize(
    "line",
    [
        "--table items.items",
        "latest --table items.items --yes --confirm local",
        "--undo --as x",
        "--undo --table items.items",
        "--undo --drop x",
        "--drop x latest",
        "--open x latest",
        "--open x --drop y",
        "--drop x --as y",
    ],
)
def test_options_that_do_not_go_together_are_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["restore", *line.split()]) == 2
    assert "restore" in capsys.readouterr().err


def test_an_empty_name_to_drop_never_becomes_a_restore(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["restore", "--drop", "", "latest", "--yes", "--confirm", "local"]) == 2
    assert "--drop takes no backup" in capsys.readouterr().err


@pytest.mark.parametrize("tables", [(), ("items.items",)])
def test_a_damaged_object_is_refused_before_anything_is_written(
    environment: Environment, tables: tuple[str, ...]
) -> None:
    ctx = environment()
    made = create(ctx)
    path = file_of(ctx, made.id, DATA)
    good, seeded = path.read_bytes(), random.Random(5)
    for _ in range(5):
        at = seeded.randrange(len(good))
        path.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
        assert refused(environment(), made.id, Wish(beside(ctx), tables)).reference == "backup/damaged"
    path.write_bytes(good[:-1])
    assert refused(environment(), made.id, Wish(beside(ctx), tables)).reference == "backup/damaged"


def test_what_is_proposed_for_a_foreign_backup_does_not_replace_the_live_database(
    environment: Environment,
) -> None:
    ctx = environment()
    made = create(ctx)
    edit(
        ctx,
        made.id,
        lambda each: each.model_copy(update={"source": each.source.model_copy(update={"system_id": "1"})}),
    )
    folder = file_of(ctx, made.id, MANIFEST).parent
    other = folder.parent.with_name("1") / made.id
    other.parent.mkdir()
    folder.rename(other)
    name = beside(ctx)
    words = f"platformctl restore {made.id} --into-foreign --as {name} --table 'items.log'"
    for asked in ("latest", made.id):
        assert refused(environment(), asked, Wish(name, ("items.log",))).fix == words
    again = environment()
    with pytest.raises(RestoreRefusedError):
        restore_beside(again, "latest", Wish(name))
    assert any(f"{made.id} --into-foreign --as {name}" in each.text for each in again.report.of(Notice))
    assert restore_beside(environment(), made.id, Wish(name, into_foreign=True)).rows == made.rows


def test_what_is_proposed_after_a_refusal_leaves_the_live_database_alone(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    key = Path(ctx.backends.keys.location())
    (signer,) = [line for line in key.read_text().splitlines() if line.startswith("# signer")]
    key.write_text(f"{signer}\n{pyrage.x25519.Identity.generate()}\n")
    fix = refused(environment(), made.id, Wish(beside(ctx))).fix
    assert fix.endswith(f"restore {made.id} --as {beside(ctx)}")


def test_it_waits_for_no_other_restore_on_the_server(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    with ctx.backends.database.exclusively():
        assert refused(environment(), made.id, Wish(beside(ctx))).reference == "restore/busy"
        with pytest.raises(PreconditionError) as raised:
            drop(environment(), beside(ctx))
    assert raised.value.reference == "restore/busy"


def one_row_more(each: Manifest) -> Manifest:
    table = each.proof.tables["items.log"]
    tables = each.proof.tables | {"items.log": table.model_copy(update={"count": table.count + 1})}
    return each.model_copy(update={"proof": each.proof.model_copy(update={"tables": tables})})


@pytest.mark.parametrize("tables", [(), ("items.log",)])
def test_a_proof_that_does_not_match_drops_the_copy(
    environment: Environment, tables: tuple[str, ...]
) -> None:
    ctx = environment()
    made = create(ctx)
    edit(ctx, made.id, one_row_more)
    before = rows(ctx)
    with pytest.raises(PlatformError) as raised:
        restore_beside(environment(), made.id, Wish(beside(ctx), tables))
    assert raised.value.reference == "restore/unproven"
    assert raised.value.cause == "table items.log has 500 rows instead of 501"
    assert rows(ctx) == before
    assert names(ctx) == []
    assert beside(ctx) not in all_names(ctx)
    assert [each.state for each in list_backups(ctx).backups] == ["whole"]


def test_a_name_that_somebody_took_meanwhile_stays_theirs(environment: Environment) -> None:
    class Late(Heard):
        """Somebody makes the database while the copy is proven."""

        def __call__(self, event: object, /) -> None:
            if getattr(event, "name", "") == "prove the new database" and beside(ctx) not in all_names(ctx):
                run(ctx, f'CREATE DATABASE "{beside(ctx)}"', "postgres")
            super().__call__(event)

    ctx = environment()
    made = create(ctx)
    with pytest.raises(DatabaseError):
        restore_beside(replace(environment(), report=Late()), made.id, Wish(beside(ctx)))
    assert names(ctx) == []
    assert run(ctx, "SELECT count(*) FROM pg_namespace WHERE nspname = 'items'", beside(ctx)) == [(0,)]
    assert databases_beside(ctx) == ()


def test_killed_anywhere_it_leaves_nothing_or_all_of_it(environment: Environment) -> None:
    ctx = environment()
    whole = rows(ctx)
    create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged, outcomes = rows(ctx), []
    wish = Wish(beside(ctx), ("items.items",))
    for killed in boundaries(environment, lambda each: restore_beside(each, "latest", wish), (0.5,)):
        ctx.backends.database.prepare(SERVICES)  # what the next `up` does
        assert rows(ctx) == damaged, killed
        assert names(ctx) == [], killed
        assert list(ctx.backends.database.data.parent.glob("*.entries")) == []
        outcomes.append(beside(ctx) in all_names(ctx))
        if outcomes[-1]:
            assert of_yesterday(ctx) == whole
            drop(environment(), beside(ctx))
    assert set(outcomes) == {True, False}
    assert of_yesterday(ctx) == whole


# --- done


def test_yesterdays_rows_stand_beside_the_live_ones(environment: Environment) -> None:
    ctx = environment()
    before, made = rows(ctx), create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    done = restore_beside(environment(), made.id, Wish(beside(ctx)))
    assert (rows(ctx), of_yesterday(ctx)) == (damaged, before)
    assert names(ctx) == []
    assert (done.database, done.backup, done.rows) == (beside(ctx), made.id, made.rows)
    assert (done.only, done.left_out) == ((), ())
    assert done.size > 1_000_000
    assert f"platformctl restore --drop {beside(ctx)}" in done.next_steps
    live, copy = (
        ctx.backends.database.properties(each) for each in (ctx.backends.database.name, beside(ctx))
    )
    assert copy == live


def test_what_holds_on_to_the_live_database_does_not_matter(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    run(ctx, "BEGIN; INSERT INTO items.log VALUES ('x'); PREPARE TRANSACTION 'held'")
    try:
        assert restore_beside(environment(), made.id, Wish(beside(ctx))) is not None
    finally:
        run(ctx, "ROLLBACK PREPARED 'held'")


def test_a_backup_newer_than_the_code_is_neither_migrated_nor_refused(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    ctx.backends.cluster.revisions["items"] = ("0002", "0001")
    assert restore_beside(ctx, made.id, Wish(beside(ctx))) is not None


def test_it_lets_in_the_roles_that_the_backup_names_and_nobody_else(environment: Environment) -> None:
    ctx = environment()
    live = ctx.backends.database.name
    run(ctx, f'REVOKE CONNECT ON DATABASE "{live}" FROM users', "postgres")
    create(ctx)
    restore_beside(environment(), "latest", Wish(beside(ctx)))

    def enters(role: str) -> bool:
        url = ctx.backends.database.url(role).rpartition("/")[0]
        with psycopg.connect(f"{url}/{beside(ctx)}") as connection:
            return connection.execute("SELECT true").fetchone() == (True,)

    assert enters("items")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        enters("users")


def test_it_is_closed_to_the_public_even_where_the_original_was_open(environment: Environment) -> None:
    ctx = environment()
    run(ctx, f"UPDATE pg_database SET datacl = NULL WHERE datname = '{ctx.backends.database.name}'")
    create(ctx)
    restore_beside(environment(), "latest", Wish(beside(ctx)))
    asked = f"SELECT has_database_privilege('users', '{beside(ctx)}', 'CONNECT, TEMPORARY')"
    assert run(ctx, asked) == [(False,)]


def test_what_no_service_ran_on_does_not_make_a_backup_proven(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    restore_beside(environment(), made.id, Wish(beside(ctx)))
    assert [each.state for each in list_backups(ctx).backups] == ["whole"]


# --- some tables


@pytest.fixture
def family(environment: Environment) -> Context:
    ctx = environment()
    run(ctx, FAMILY)
    create(ctx)
    return environment()


def definitions(ctx: Context, table: str, database: str) -> list[tuple[object, ...]]:
    """Columns with defaults, indexes, constraints and triggers."""
    return run(
        ctx,
        f"""
        SELECT 'column', concat(attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
                         pg_get_expr(adbin, adrelid))
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = '{table}'::regclass AND attnum > 0
        UNION SELECT 'index', pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = '{table}'::regclass
        UNION SELECT 'constraint', pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = '{table}'::regclass
        UNION SELECT 'trigger', concat(pg_get_triggerdef(oid), tgenabled) FROM pg_trigger
        WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal ORDER BY 1, 2
        """,
        database,
    )


def counts(ctx: Context) -> dict[str, int]:
    found = ctx.backends.database.proof(beside(ctx)).tables
    return {name: each.count for name, each in found.items() if each.count}


def test_a_table_comes_with_all_that_is_its_own_and_every_other_is_empty(family: Context) -> None:
    done = restore_beside(family, "latest", Wish(beside(family), ("items.items",)))
    assert (done.only, done.rows) == (("items.items",), 500)
    assert counts(family) == {"items.items": 500}
    whole = f"{family.backends.database.name}_whole"  # PostgreSQL writes what it loads in other words
    restore_beside(replace(family, report=Heard()), "latest", Wish(whole))
    assert definitions(family, "items.items", beside(family)) == definitions(family, "items.items", whole)
    assert run(family, "SELECT last_value FROM items.items_id_seq", beside(family)) == [(500,)]
    added = "INSERT INTO items.items (title, state) VALUES ('new', 'open') RETURNING id"
    assert run(family, added, beside(family)) == [(501,)]
    assert run(family, "SELECT line FROM items.log", beside(family)) == [("new",)]  # its trigger works
    with pytest.raises(DatabaseError, match="did not do") as raised:
        run(family, "SELECT * FROM items.totals", beside(family))
    assert "has not been populated" in raised.value.cause
    told = [each.text for each in family.report.of(Notice)]
    assert any("every other one is empty" in each for each in told)
    assert any("MATERIALIZED VIEW DATA items totals" in each for each in told)


def test_a_foreign_key_to_a_table_without_its_rows_is_left_out_and_told(family: Context) -> None:
    done = restore_beside(family, "latest", Wish(beside(family), ("items.notes",)))
    assert counts(family) == {"items.notes": 50}
    live = family.backends.database.name
    missing = set(definitions(family, "items.notes", live)) - set(
        definitions(family, "items.notes", beside(family))
    )
    assert missing == {("constraint", "FOREIGN KEY (item) REFERENCES items.items(id)")}
    assert "FK CONSTRAINT items notes notes_item_fkey items" in done.left_out


def test_a_foreign_key_holds_when_both_tables_are_chosen(family: Context) -> None:
    chosen = ("items.notes", "items.items", "items.notes")
    done = restore_beside(family, "latest", Wish(beside(family), chosen))
    assert done.only == ("items.notes", "items.items")
    assert counts(family) == {"items.items": 500, "items.notes": 50}
    live = family.backends.database.name
    assert definitions(family, "items.notes", beside(family)) == definitions(family, "items.notes", live)
    assert not any("notes" in each for each in done.left_out)


def test_one_partition_and_a_table_with_an_odd_name(family: Context) -> None:
    odd = 'items."Od.d ""name"'
    done = restore_beside(family, "latest", Wish(beside(family), ("items.late", odd)))
    assert counts(family) == {"items.late": 11, odd: 2}
    assert run(family, "SELECT min(year) FROM items.years", beside(family)) == [(2000,)]
    assert "FK CONSTRAINT items years years_item_fkey items" in done.left_out


# --- opened


class Opening(RealRunner):
    """Runs as a child, with what a person would type, the program that would take over."""

    def __init__(self, typed: str) -> None:
        super().__init__(lambda words, outcome: None)
        self.typed, self.said, self.argv = typed, (), ()

    def become(self, command: Command) -> None:
        self.argv = command.argv
        self.said = self.run(replace(command, stdin=SecretStr(self.typed))).lines


def test_it_is_opened_in_psql_without_a_password_that_anybody_sees(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    restore_beside(environment(), "latest", Wish(beside(ctx), ("items.items",)))
    person = Opening("select current_database(), count(*) from items.items")
    open_beside(environment(person), beside(ctx))
    assert any(line.split() == [beside(ctx), "|", "500"] for line in person.said)
    password = ctx.backends.secrets.get("platform/POSTGRES_PASSWORD")
    assert password is not None
    assert password.get_secret_value() not in " ".join(person.argv)


def test_the_first_error_in_what_is_piped_in_ends_it_and_fails(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    restore_beside(environment(), "latest", Wish(beside(ctx), ("items.items",)))
    with pytest.raises(CommandError, match="exit code 3"):
        open_beside(environment(Opening("select 1 / 0;\ndelete from items.items;")), beside(ctx))
    assert counts(ctx) == {"items.items": 500}


# --- listed, dropped, rehearsed


def test_it_is_listed_until_it_is_dropped_and_no_other_restore_touches_it(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    restore_beside(environment(), made.id, Wish(beside(ctx), ("items.log",)))
    restore(environment())
    undo(environment())
    ctx.backends.database.prepare(SERVICES)
    (found,) = databases_beside(environment())
    assert (found.name, found.backup, found.only) == (beside(ctx), made.id, "items.log")
    assert found.size > 1_000_000
    (finding,) = [each for each in examine(environment()) if each.id == "backup.beside"]
    assert finding.status == "pass"
    assert f"{beside(ctx)} (" in finding.evidence
    assert finding.fix == f"platformctl restore --drop {beside(ctx)}"
    assert made.id in what_is_dropped(environment(), beside(ctx))
    before = rows(ctx)
    gone = drop(environment(), beside(ctx))
    assert (gone.database, gone.freed) == (beside(ctx), found.size)
    assert beside(ctx) not in all_names(ctx)
    assert rows(ctx) == before
    assert not [each for each in examine(environment()) if each.id == "backup.beside"]


def test_nothing_but_what_it_made_is_ever_dropped(environment: Environment) -> None:
    ctx = environment()
    live, name = ctx.backends.database.name, beside(ctx)
    create(ctx)
    kept = restore(environment()).kept
    run(ctx, f'CREATE DATABASE "{name}"', "postgres")
    other = marks.Mark("r", "b", 0.0, beside="another").text()
    mine = marks.Mark("r", "b", 0.0, beside=live).text()
    run(ctx, f"COMMENT ON DATABASE \"{name}\" IS '{other}'", "postgres")  # of another environment
    for each in (live, kept):  # renamed by hand from what once was ours to drop
        run(ctx, f"COMMENT ON DATABASE \"{each}\" IS '{mine}'", "postgres")
    known = all_names(ctx)
    for each in (name, live, kept, "postgres", "nothing", ""):
        for asked in (drop, what_is_dropped, open_beside):
            with pytest.raises(PreconditionError) as raised:
                asked(environment(), each)
            assert raised.value.reference == "restore/not-beside"
            assert raised.value.state == "Nothing was touched."
    assert all_names(ctx) == known


@pytest.mark.parametrize("tables", [(), ("items.items",)])
def test_a_rehearsal_tells_every_change_and_makes_none(
    environment: Environment, tables: tuple[str, ...]
) -> None:
    ctx = environment()
    create(ctx)
    known, heard = all_names(ctx), Heard()
    rehearsing = replace(environment(RehearsalRunner(heard)), report=heard)
    assert restore_beside(rehearsing, "latest", Wish(beside(ctx), tables)) is None
    words = [each.words for each in heard.of(Narrated)]
    for expected in ("create the database", "pg_restore", "statistics", f"to {beside(ctx)}, closed"):
        assert any(expected in each for each in words), (expected, words)
    assert any("which entries" in each for each in words) == bool(tables)
    assert all_names(ctx) == known
    restore_beside(environment(), "latest", Wish(beside(ctx)))
    assert drop(replace(rehearsing, report=heard), beside(ctx)) is None
    assert f"drop the database {beside(ctx)}" in [each.words for each in heard.of(Narrated)]
    assert beside(ctx) in all_names(ctx)
