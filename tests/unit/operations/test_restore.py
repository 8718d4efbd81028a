from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from pydantic import SecretStr

from platformctl.backends.cluster.protocol import GatewayMode, Process
from platformctl.backends.database import marks
from platformctl.backends.database.loading import FIRST_LOOK
from platformctl.errors import CancelledRunError, PreconditionError, RestoreRefusedError, StepError
from platformctl.events import Narrated, Notice
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_show import show
from platformctl.operations.catalogue import MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest
from platformctl.operations.restore import restore, what_is_lost
from platformctl.operations.restore_switch import SWITCHED, UNSWITCHED
from platformctl.operations.restore_undo import undo, what_is_put_aside
from platformctl.shell import signals
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from tests.backups import edit, file_of, stored
from tests.database import Bare, Hasty, names, rows, run
from tests.failures import told
from tests.support import Heard

Environment = Callable[..., Context]
DAMAGE = (
    "DELETE FROM items.items WHERE id > 100; DROP TABLE items.log CASCADE; DROP TRIGGER note ON items.items"
)


def test_restore_brings_back_rows_tables_and_triggers_and_keeps_the_former_database(
    environment: Environment,
) -> None:
    ctx = environment()
    before = rows(ctx)
    made = create(ctx)
    run(ctx, DAMAGE)
    done = restore(environment(), made.id)
    assert rows(ctx) == before
    run(ctx, "INSERT INTO items.items (title, state) VALUES ('new', 'open')")
    assert run(ctx, "SELECT count(*) FROM items.log") == [(501,)]
    assert names(ctx) == [done.kept]
    assert run(ctx, "SELECT max(id) FROM items.items") == [(501,)]


def test_a_restored_backup_is_proven_and_the_time_of_the_next_is_known(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    assert made.predicted_restore is None
    assert "is unknown until" in what_is_lost(ctx)[1]
    restore(environment(), made.id)
    assert [each.state for each in list_backups(ctx).backups] == ["proven"]
    (proof,) = show(ctx, made.id).drills
    assert (proof.how, proof.outcome, proof.contract) == ("restore", "passed", "")
    again = create(ctx).predicted_restore
    assert again == pytest.approx(proof.seconds, rel=0.3, abs=0.2)
    assert f"about {max(1, round(again))} s" in what_is_lost(ctx)[1]


def test_a_restore_whose_result_cannot_be_written_is_done_nevertheless(environment: Environment) -> None:
    ctx = environment()
    before, made = rows(ctx), create(ctx)
    run(ctx, DAMAGE)
    file_of(ctx, made.id, MANIFEST).with_name("drills").write_text("in the way")
    told = environment()
    assert restore(told, made.id).backup == made.id
    assert rows(ctx) == before
    assert any("could not be written" in each.text for each in told.report.of(Notice))
    assert [each.state for each in list_backups(ctx).backups] == ["whole"]


def test_restore_brings_back_owner_rights_and_settings_of_the_database(environment: Environment) -> None:
    ctx = environment()
    live = ctx.backends.database.name
    run(ctx, f"ALTER DATABASE \"{live}\" SET work_mem = '5MB'", "postgres")
    run(ctx, f'ALTER DATABASE "{live}" SET search_path = \'a b\', "$user"', "postgres")
    run(ctx, f'ALTER ROLE auth IN DATABASE "{live}" SET statement_timeout = 7000', "postgres")
    run(ctx, f'GRANT CREATE ON DATABASE "{live}" TO users WITH GRANT OPTION', "postgres")
    before = ctx.backends.database.properties(live)
    assert before.settings
    assert before.role_settings["auth"] == ("search_path=auth", "statement_timeout=7000")
    made = create(ctx)
    restore(environment(), made.id)
    assert ctx.backends.database.properties(live) == before


def test_undo_brings_back_what_the_restore_replaced_and_is_undone_itself(environment: Environment) -> None:
    ctx = environment()
    whole = rows(ctx)
    create(ctx)
    run(ctx, DAMAGE)
    damaged = rows(ctx)
    restore(environment())
    run(ctx, "DELETE FROM items.items WHERE id > 400")
    later = rows(ctx)
    assert "put aside" in what_is_put_aside(environment())[1]
    undo(environment())
    assert rows(ctx) == damaged
    undo(environment())
    assert rows(ctx) == later != whole


def test_there_is_nothing_to_undo_before_a_restore(environment: Environment) -> None:
    with pytest.raises(PreconditionError) as raised:
        undo(environment())
    assert raised.value.reference == "restore/nothing-to-undo"


def test_the_question_says_how_much_writing_is_lost(environment: Environment) -> None:
    create(environment())
    ctx = environment()
    ahead = Hasty()
    ahead._slept = 7 * 3600 + 12 * 60 + 1
    question = what_is_lost(replace(ctx, clock=ahead))[1]
    assert "You will lose 7 h 12 min of writes" in question
    told(45, question)


def test_clients_that_hold_connections_are_disconnected_and_can_come_back(environment: Environment) -> None:
    ctx = environment()
    before = rows(ctx)
    create(ctx)
    run(ctx, DAMAGE)
    url = ctx.backends.database.url("items")
    stop, errors = threading.Event(), []

    def insist() -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(url, autocommit=True) as connection:
                    while not stop.is_set():
                        connection.execute("SELECT count(*) FROM items")
            except psycopg.Error as error:
                errors.append(error)

    clients = [threading.Thread(target=insist) for _ in range(5)]
    for each in clients:
        each.start()
    try:
        done = restore(environment())
    finally:
        stop.set()
        for each in clients:
            each.join()
    assert rows(ctx) == before
    assert errors
    assert done.waited < 5


def test_a_prepared_transaction_is_named_and_nothing_is_touched(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    run(ctx, "BEGIN; INSERT INTO items.log VALUES ('x'); PREPARE TRANSACTION 'stuck'")
    try:
        with pytest.raises(RestoreRefusedError) as raised:
            restore(environment())
    finally:
        run(ctx, "ROLLBACK PREPARED 'stuck'")
    told(33, raised.value)
    assert rows(ctx) == damaged
    assert names(ctx) == []


def test_a_subscription_is_named_and_its_statements_let_the_restore_go_on(environment: Environment) -> None:
    """A dump is loaded without its subscriptions: two databases must not take the same changes."""
    ctx = environment()
    name = ctx.backends.database.name
    run(ctx, f"CREATE SUBSCRIPTION \"{name} s\" CONNECTION 'dbname=x' PUBLICATION p WITH (connect=false)")
    create(environment())
    before = rows(ctx)
    with pytest.raises(RestoreRefusedError) as raised:
        restore(environment())
    assert raised.value.reference == "restore/obstacles"
    assert f'DROP SUBSCRIPTION "{name} s";' in raised.value.fix
    told(40, raised.value)
    assert rows(ctx) == before
    for statement in " ".join(raised.value.evidence).split("; "):
        run(ctx, statement)
    restore(environment())
    assert rows(ctx) == before
    assert run(ctx, f"SELECT count(*) FROM pg_subscription WHERE subname = '{name} s'") == [(0,)]


def test_a_second_restore_on_the_same_server_is_refused(environment: Environment) -> None:
    """Two machines do not see each other's lock; the server that both work on does."""
    ctx = environment()
    create(ctx)
    with ctx.backends.database.exclusively():
        for refused in (restore, undo):
            with pytest.raises(PreconditionError) as raised:
                refused(environment())
            told(34, raised.value)
    assert names(ctx) == []
    restore(environment())


def test_a_role_that_the_secret_store_knows_is_made_again(environment: Environment) -> None:
    ctx = environment()
    ctx.backends.secrets.put("extra/DATABASE_PASSWORD", SecretStr("extra-pw"))
    ctx.backends.database.prepare(("extra",))
    before = ctx.backends.database.properties(ctx.backends.database.name)
    gone = f'REVOKE ALL ON DATABASE "{ctx.backends.database.name}" FROM extra; DROP ROLE extra'
    create(ctx)
    run(ctx, f"DROP SCHEMA extra; {gone}")
    restore(environment())
    assert ctx.backends.database.properties(ctx.backends.database.name) == before
    ctx.backends.database.prepare(("extra",))
    run(ctx, f'DROP DATABASE "{names(ctx)[0]}"', "postgres")
    run(ctx, f"DROP SCHEMA extra; {gone}")


def test_a_role_that_nobody_knows_is_named_before_anything_is_written(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "CREATE ROLE reporting; GRANT SELECT ON items.items TO reporting")
    create(ctx)
    run(ctx, "DROP OWNED BY reporting; DROP ROLE reporting")
    with pytest.raises(RestoreRefusedError) as raised:
        restore(environment())
    told(37, raised.value)
    assert names(ctx) == []


def test_a_role_that_the_database_does_not_refer_to_may_be_gone(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "CREATE ROLE stranger")
    create(ctx)
    run(ctx, "DROP ROLE stranger")
    assert restore(environment()) is not None


def test_a_role_that_may_do_something_else_now_is_told_and_stays_so(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, "ALTER ROLE users CREATEDB NOLOGIN BYPASSRLS")
    try:
        again = environment()
        restore(again)
        told = [each.text for each in again.report.of(Notice) if each.text.startswith("role ")]
        assert told == ["role users may CREATEDB BYPASSRLS now, LOGIN in the backup; it stays as it is"]
        assert ctx.backends.database.roles()["users"] == ("CREATEDB", "BYPASSRLS")
    finally:
        run(ctx, "ALTER ROLE users NOCREATEDB LOGIN NOBYPASSRLS")


def test_a_view_that_was_out_of_date_is_refreshed_and_told(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "DELETE FROM items.items WHERE state = 'open'")
    create(ctx)
    again = environment()
    restore(again)
    assert any("items.totals" in each.text for each in again.report.of(Notice))
    assert run(ctx, "SELECT count(*) FROM items.totals") == [(1,)]


def test_a_backup_newer_than_the_code_is_refused_and_its_copy_dropped(environment: Environment) -> None:
    create(environment())
    ctx = environment()
    before = rows(ctx)
    ctx.backends.cluster.revisions["items"] = ("0002", "0001")
    with pytest.raises(RestoreRefusedError) as raised:
        restore(ctx)
    assert raised.value.reference == "restore/newer"
    assert rows(ctx) == before
    assert names(ctx) == []


def test_restore_keeps_the_old_database_when_the_switch_fails(environment: Environment) -> None:
    create(environment())
    ctx = environment()
    live = ctx.backends.database.name
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    taken = marks.kept_name(live, ctx.audit.run_id)
    run(ctx, f'CREATE DATABASE "{taken}"', "postgres")
    with pytest.raises(StepError) as raised:
        restore(ctx)
    told(31, raised.value)
    assert rows(ctx) == damaged
    assert names(ctx) == [taken]


def test_a_database_whose_statements_may_take_a_millisecond_is_backed_up_and_restored(
    environment: Environment,
) -> None:
    """The limit is for services: no proof or index of a large table would end within it."""
    ctx = environment()
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"):
        run(ctx, f'ALTER DATABASE "{ctx.backends.database.name}" SET {limit} = 1', "postgres")
    run(ctx, "CREATE TABLE items.many AS SELECT generate_series(1, 100000) AS id")
    run(ctx, "CREATE INDEX many_once ON items.many (id)")
    create(ctx)
    before = rows(ctx)
    restore(environment())
    assert rows(ctx) == before


@pytest.mark.parametrize(
    ("at", "state"), [("pg_restore", UNSWITCHED), ("write the object", SWITCHED)], ids=["before", "after"]
)
def test_who_breaks_a_restore_off_is_told_which_data_is_live(
    environment: Environment, at: str, state: str
) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, DAMAGE)
    damaged, broken = rows(ctx), []

    def record(words: str, outcome: str) -> None:
        if at in words and outcome == "started" and not broken:
            broken.append(words)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        restore(environment(RealRunner(record)))
    assert caught.value.state == state
    assert (rows(ctx) == damaged) is (state == UNSWITCHED)


def test_who_breaks_a_restore_off_while_services_get_ready_is_told_that_it_went_back(
    environment: Environment,
) -> None:
    class Broken(Bare):
        """Broken off when it is asked on the database that a restore has put in place."""

        def processes(self) -> tuple[Process, ...]:
            if names(ctx) != []:
                signal.raise_signal(signal.SIGINT)
            return ()

    create(environment())
    ctx = environment()
    run(ctx, DAMAGE)
    damaged, broken = rows(ctx), Broken(ctx.backends.cluster.lease)
    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        restore(replace(ctx, backends=replace(ctx.backends, cluster=broken)))
    assert caught.value.state == UNSWITCHED
    assert (rows(ctx), names(ctx)) == (damaged, [])


def test_what_a_killed_restore_left_of_its_result_is_gone_after_the_next(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    left = stored(ctx)[0].parent / "drills/.unfinished-20261130T214510Z-833365.json-9c1e7ef2"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    restore(environment())
    assert [each.suffix for each in left.parent.iterdir()] == [".json"]


def test_definitions_that_are_longer_than_the_first_look_are_loaded(environment: Environment) -> None:
    ctx = environment()
    run(
        ctx,
        f"CREATE FUNCTION items.long() RETURNS text LANGUAGE sql AS $$ SELECT '{'x' * (3 * FIRST_LOOK)}' $$;"
        " CREATE TABLE items.indexed AS SELECT generate_series(1, 9) AS id;"
        " CREATE UNIQUE INDEX indexed_once ON items.indexed (id)",
    )
    create(ctx)
    before = rows(ctx)
    restore(environment())
    assert rows(ctx) == before
    assert run(ctx, "SELECT length(items.long())") == [(3 * FIRST_LOOK,)]
    indexes = run(ctx, "SELECT indexname FROM pg_indexes WHERE tablename = 'indexed'")
    assert indexes == [("indexed_once",)]


def test_what_cannot_be_loaded_again_is_dropped_and_the_live_database_stays(environment: Environment) -> None:
    """A check that looks at another table, which is empty while a restore loads: pg_dump cannot know."""
    ctx = environment()
    run(
        ctx,
        "CREATE FUNCTION items.known() RETURNS bool LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN EXISTS (SELECT FROM items.items); END $$;"
        " CREATE TABLE items.first (id int CHECK (items.known())); INSERT INTO items.first VALUES (1)",
    )
    create(ctx)
    before = rows(ctx)
    with pytest.raises(StepError) as raised:
        restore(environment())
    assert "check constraint" in "".join(raised.value.evidence)
    told(43, raised.value)
    assert rows(ctx) == before
    assert names(ctx) == []


def test_a_copy_without_a_property_of_the_original_is_not_switched_to(environment: Environment) -> None:
    ctx = environment()
    made, before = create(ctx), rows(ctx)

    def change(each: Manifest) -> Manifest:
        """Of two values of one setting a database keeps the last."""
        settings = ("work_mem=5MB", "work_mem=6MB")
        return each.model_copy(
            update={"properties": each.properties.model_copy(update={"settings": settings})}
        )

    edit(ctx, made.id, change)
    with pytest.raises(StepError) as raised:
        restore(environment(), made.id)
    told(39, raised.value)
    assert (rows(ctx), names(ctx)) == (before, [])


def test_a_restored_database_has_statistics_before_anybody_asks_it(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    restore(environment())
    assert run(ctx, "SELECT reltuples FROM pg_class WHERE oid = 'items.items'::regclass") == [(500.0,)]
    collected = "SELECT analyze_count, autoanalyze_count FROM pg_stat_user_tables WHERE relname = 'items'"
    assert run(ctx, collected) == [(1, 0)]


def test_restore_switches_back_when_the_services_do_not_serve(environment: Environment) -> None:
    class Picky(Bare):
        """A service that is ready only on a database without item 500."""

        def processes(self) -> tuple[Process, ...]:
            ready = run(ctx, "SELECT count(*) FROM items.items WHERE id = 500") == [(0,)]
            return (Process("items-0", "items", "running", ready, why="item 500 is there"),)

    create(environment())
    ctx = environment()
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    picky = Picky(ctx.backends.cluster.lease)
    with pytest.raises(StepError) as raised:
        restore(replace(ctx, backends=replace(ctx.backends, cluster=picky), clock=Hasty()))
    assert raised.value.reference == "restore/switched-back"
    assert "item 500 is there" in raised.value.cause
    assert rows(ctx) == damaged
    assert names(ctx) == []


def test_restore_switches_back_when_a_service_goes_on_honouring_void_tokens(environment: Environment) -> None:
    class Deaf(Bare):
        """A service that last asked which tokens are void before the switch, and asks no more."""

        def processes(self) -> tuple[Process, ...]:
            return (Process("items-0", "items", "running", True, heard=clock.elapsed() - begun),)

    create(environment())
    ctx, clock = environment(), Hasty()
    begun = clock.elapsed()
    deaf = Deaf(ctx.backends.cluster.lease)
    with pytest.raises(StepError) as raised:
        restore(replace(ctx, backends=replace(ctx.backends, cluster=deaf), clock=clock))
    assert raised.value.reference == "restore/switched-back"
    assert "items-0 has not heard yet which tokens are void" in raised.value.cause
    assert names(ctx) == []


def test_restore_switches_back_while_it_holds_when_the_gateway_does_not_reach_the_services(
    environment: Environment,
) -> None:
    class Cut(Bare):
        """A gateway that is ready and reaches no service."""

        def processes(self) -> tuple[Process, ...]:
            return (Process("gateway-0", "gateway", "running", True),)

        def hold(self, hold_id: str, seconds: float) -> GatewayMode:
            self.held.append("hold")
            return GatewayMode("hold", 0, 0)

        def reach(self) -> None:
            self.held.append("reach")
            raise StepError("gateway-0 did not do /control/reach", cause="503")

        def open(self, hold_id: str | None) -> GatewayMode:
            self.held.append("open")
            return GatewayMode("open", 0, 0)

    create(environment())
    ctx = environment()
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    cut = Cut(ctx.backends.cluster.lease)
    with pytest.raises(StepError) as raised:
        restore(replace(ctx, backends=replace(ctx.backends, cluster=cut)))
    told(47, raised.value)
    assert cut.held == ["hold", "reach", "open"]
    assert rows(ctx) == damaged


def test_undo_refuses_another_database_than_was_asked_about(environment: Environment) -> None:
    create(environment())
    restore(environment())
    asked, _ = what_is_put_aside(environment())
    restore(environment())
    with pytest.raises(PreconditionError) as raised:
        undo(environment(), asked)
    assert raised.value.reference == "restore/changed"


def test_former_databases_older_than_a_day_go_with_the_next_restore(environment: Environment) -> None:
    create(environment())
    first = restore(environment())
    second = restore(environment())
    assert names(environment()) == sorted([first.kept, second.kept])
    tomorrow = Hasty()
    tomorrow._slept = 25 * 3600
    third = restore(replace(environment(), clock=tomorrow))
    assert names(environment()) == [third.kept]
    assert set(third.dropped) == {first.kept, second.kept}


def test_a_rehearsal_of_a_restore_tells_every_change_and_makes_none(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    heard = Heard()
    assert restore(replace(environment(RehearsalRunner(heard)), report=heard)) is None
    words = [each.words for each in heard.of(Narrated)]
    for expected in ("create the database", "pg_restore", "in one transaction", "statistics"):
        assert any(expected in each for each in words), (expected, words)
    assert rows(ctx) == damaged
    assert names(ctx) == []
