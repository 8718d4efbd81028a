"""PostgreSQL 16 and 18 side by side: programs and dumps of one are not used with the other."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.errors import PreconditionError, RestoreRefusedError
from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from tests.backups import stored
from tests.database import SERVICES, context, names, rows, run, running
from tests.failures import told

Environment = Callable[..., Context]


@pytest.fixture(scope="module")
def newer() -> Iterator[EmbeddedDatabase]:
    with running(version=18) as made:
        yield made


def asking_with(ctx: Context, version: int) -> Context:
    """As after a change of database.version while the server runs."""
    database = replace(ctx.backends.database, version=version)
    return replace(ctx, backends=replace(ctx.backends, database=database))


@pytest.fixture
def eighteen(newer: EmbeddedDatabase, tmp_path: Path) -> Context:
    ctx = context(newer, tmp_path, f"db{secrets.token_hex(4)}")
    ctx.backends.database.prepare(SERVICES)
    return ctx


def test_a_newer_server_is_not_dumped_with_an_older_program(eighteen: Context) -> None:
    with pytest.raises(PreconditionError) as raised:
        create(asking_with(eighteen, 16))
    assert "made by PostgreSQL 18" in raised.value.message
    assert stored(eighteen) == []
    told(9, raised.value)


def test_sessions_are_under_no_limit_for_transactions_which_only_the_newer_server_knows(
    eighteen: Context,
) -> None:
    run(eighteen, f"ALTER DATABASE \"{eighteen.backends.database.name}\" SET transaction_timeout = '1min'")
    assert run(eighteen, "SHOW transaction_timeout") == [("0",)]


def test_an_older_server_is_neither_dumped_nor_filled_with_a_newer_program(environment: Environment) -> None:
    ctx = environment()
    made, before = create(ctx), rows(ctx)
    for act in (create, lambda other: restore(other, made.id)):
        with pytest.raises(PreconditionError) as raised:
            act(asking_with(environment(), 18))
        assert raised.value.reference == "database/version"
    assert (len(stored(ctx)), rows(ctx), names(ctx)) == (2, before, [])
    told(10, raised.value)


def test_a_dump_of_a_newer_server_is_refused_even_as_a_foreign_one(
    environment: Environment, eighteen: Context
) -> None:
    run(eighteen, "CREATE TABLE items.newest (id int)")
    made = create(eighteen)
    ctx = environment()
    before = rows(ctx)
    with pytest.raises(RestoreRefusedError) as raised:
        restore(ctx, made.id, into_foreign=True)
    assert (rows(ctx), names(ctx)) == (before, [])
    told(28, raised.value)
