"""A restore or an undo that is killed at any change leaves the old database or the new one, and heals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg

from platformctl.backends.database import marks
from platformctl.errors import DatabaseError
from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.operations.restore_undo import undo
from tests.database import SERVICES, names, rows, run
from tests.failures import told
from tests.killing import boundaries

Environment = Callable[..., Context]


def open_to_services(ctx: Context) -> bool:
    with psycopg.connect(ctx.backends.database.url("items")) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_a_restore_killed_anywhere_leaves_the_old_or_the_new_and_is_healed(environment: Environment) -> None:
    ctx = environment()
    whole = rows(ctx)
    create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    outcomes, healed = [], False
    for killed in boundaries(environment, restore):
        for sentence in ctx.backends.database.heal():
            told(36, sentence)
            healed = True
        ctx.backends.database.prepare(SERVICES)  # what the next `up` does
        found = rows(ctx)
        assert found in (whole, damaged), killed
        assert open_to_services(ctx)
        assert not [each for each in names(ctx) if "__restore_" in each]
        outcomes.append(found == whole)
        if found == whole:
            run(ctx, "DELETE FROM items.items WHERE id > 100")
    assert True in outcomes
    assert False in outcomes
    assert healed
    restore(environment())
    assert rows(ctx) == whole


def test_a_copy_that_the_server_goes_on_making_without_its_client_is_healed(environment: Environment) -> None:
    database = environment().backends.database
    copy = marks.copy_name(database.name, "dead")
    made: list[str] = []

    def make() -> None:
        try:
            run(environment(), f'CREATE DATABASE "{copy}"', "postgres")
        except DatabaseError as error:
            made.append(error.reference)

    with database._session("postgres") as connection, connection.transaction():
        connection.execute("LOCK pg_database IN SHARE MODE")
        maker = threading.Thread(target=make)
        maker.start()
        deadline = time.monotonic() + 5
        while not database._making() and time.monotonic() < deadline:
            time.sleep(0.01)
        database.heal()
        maker.join()
    assert made == ["database/57P01"]
    assert names(environment()) == []


def test_an_undo_killed_anywhere_leaves_the_old_or_the_new_and_is_healed(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 100")
    damaged = rows(ctx)
    restore(environment())
    whole = rows(ctx)
    for killed in boundaries(environment, undo):
        ctx.backends.database.prepare(SERVICES)
        assert rows(ctx) in (whole, damaged), killed
        assert open_to_services(ctx)
        assert len(names(ctx)) == 1
    assert rows(ctx) in (whole, damaged)
