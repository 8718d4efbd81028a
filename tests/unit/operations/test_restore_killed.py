"""A restore or an undo that is killed at any change leaves the old database or the new one, and heals."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.operations.restore_undo import undo
from tests.database import SERVICES, names, rows, run
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
    outcomes = []
    for killed in boundaries(environment, restore):
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
    restore(environment())
    assert rows(ctx) == whole


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
