from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable

import psycopg
import pytest

from platformctl.errors import BackupError, PlatformError
from platformctl.events import Narrated, Notice
from platformctl.operations import catalogue
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_verify import verify
from platformctl.operations.catalogue import MANIFEST
from platformctl.operations.context import Context
from platformctl.shell.rehearsal import RehearsalRunner
from tests.backups import NAMES, stored
from tests.database import run
from tests.killing import boundaries, in_a_child
from tests.support import Heard

Environment = Callable[..., Context]


def test_a_backup_is_listed_whole_and_verifies(environment: Environment) -> None:
    made = create(environment())
    ctx = environment()
    listed = list_backups(ctx).backups
    assert [(each.id, each.state, each.rows) for each in listed] == [(made.id, "whole", 1000)]
    assert verify(ctx).whole == (made.id,)
    assert [each.name for each in stored(ctx)] == [*NAMES]


def test_no_password_is_stored_with_a_backup(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    password = ctx.backends.secrets.get("items/DATABASE_PASSWORD").get_secret_value().encode()
    for path in stored(ctx):
        assert password not in path.read_bytes()
        assert b"SCRAM-SHA-256" not in path.read_bytes()


def test_writes_during_a_backup_are_not_in_it_and_do_not_disturb_it(environment: Environment) -> None:
    ctx = environment()
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(ctx.backends.database.url("items"), autocommit=True) as connection:
            while not stop.wait(0.001):
                connection.execute("INSERT INTO items (title) VALUES ('later')")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [create(environment()) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    from platformctl.operations.restore import restore

    for each in made:
        assert restore(environment(), each.id).rows == each.rows


def test_an_empty_database_makes_a_backup(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "DROP SCHEMA items CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    assert create(ctx).rows == 0
    assert verify(environment()).damaged == ()


def test_a_full_disk_fails_the_backup_and_leaves_earlier_ones(environment: Environment) -> None:
    first = create(environment())
    ctx = environment()
    run(ctx, "INSERT INTO items.items (title) SELECT md5(n::text) FROM generate_series(1, 20000) n")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        with pytest.raises(BackupError) as raised:
            create(environment())
        assert raised.value.reference == "objects/disk"

    assert in_a_child(fill) == 0
    assert [each.id for each in list_backups(environment()).backups] == [first.id]
    assert len(stored(ctx)) == 2


def test_a_database_locked_by_a_migration_fails_in_time_and_leaves_nothing(environment: Environment) -> None:
    ctx = environment()
    with ctx.backends.database._session(ctx.backends.database.name) as connection:
        connection.execute("BEGIN; ALTER TABLE items.items ADD COLUMN more int")
        with pytest.raises(PlatformError):
            create(environment())
    assert stored(ctx) == []


def test_a_rehearsal_of_a_backup_writes_nothing(environment: Environment) -> None:
    ctx = environment()
    heard = Heard()
    rehearsal = environment(RehearsalRunner(heard))
    object.__setattr__(rehearsal, "report", heard)
    assert create(rehearsal) is None
    assert any("write a backup" in each.words for each in heard.of(Narrated))
    assert stored(ctx) == []


def test_a_kill_at_any_change_leaves_no_backup_or_a_whole_one(environment: Environment) -> None:
    first = create(environment())
    seen = set()
    for killed in boundaries(environment, create):
        ctx = environment()
        backups = list_backups(ctx).backups
        assert all(each.state == "whole" for each in backups), killed
        assert verify(ctx, every=True).damaged == ()
        seen.add(len(backups))
        assert first.id in {each.id for each in backups}
    assert seen == {1, 2}
    ctx = environment()
    create(ctx)
    assert catalogue.unpublished(ctx, ctx.backends.database.server().system_id) == ()
    assert len(stored(ctx)) == 2 * len(list_backups(ctx).backups)


def test_what_a_killed_backup_left_is_removed_and_told(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    manifest = next(each for each in stored(ctx) if each.name == MANIFEST)
    os.unlink(manifest)
    again = environment()
    create(again)
    assert any("never finished" in each.text for each in again.report.of(Notice))
    assert len(stored(ctx)) == 2
