from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import psycopg
import pytest

from platformctl.backends.cluster.protocol import LockHolder
from platformctl.errors import BackupError, LockHeldError, PreconditionError
from platformctl.events import Narrated, Notice
from platformctl.operations import backup_source, catalogue
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_verify import verify
from platformctl.operations.catalogue import MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.shell import processes
from platformctl.shell.command import Command
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from tests.backups import NAMES, stored
from tests.database import Hasty, run
from tests.failures import told
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
    for each in made:
        assert restore(environment(), each.id).rows == each.rows


def test_an_empty_database_makes_a_backup(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "DROP SCHEMA items CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    made = create(ctx)
    assert (made.rows, made.level) == (0, "checked")
    assert create(environment()).level == "checked"
    assert verify(environment()).damaged == ()
    assert restore(environment(), made.id).rows == 0


def test_a_full_disk_fails_the_backup_and_leaves_earlier_ones(environment: Environment) -> None:
    first = create(environment())
    ctx = environment()
    run(ctx, "INSERT INTO items.items (title) SELECT md5(n::text) FROM generate_series(1, 20000) n")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        with pytest.raises(BackupError) as raised:
            create(environment())
        told(5, raised.value)

    assert in_a_child(fill) == 0
    assert [each.id for each in list_backups(environment()).backups] == [first.id]
    assert len(stored(ctx)) == 2


def test_a_database_locked_by_a_migration_fails_in_time_and_leaves_nothing(environment: Environment) -> None:
    ctx = environment()
    with ctx.backends.database._session(ctx.backends.database.name) as connection:
        connection.execute("BEGIN; ALTER TABLE items.items ADD COLUMN more int")
        begun = time.monotonic()
        with pytest.raises(BackupError) as raised:
            create(environment())
        assert time.monotonic() - begun < 10
    told(12, raised.value)
    assert stored(ctx) == []


class Breaking(RealRunner):
    """Ends the server's side of a dump that sends rows; they fill the pipe, so it is not done before."""

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        with super().pipe(command) as stream:
            if "--format=custom" in command.argv:
                self.end()
            yield stream

    def end(self) -> None:
        deadline = time.monotonic() + 10
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY items.log%'"
        while not run(self.ctx, ended, "postgres"):
            assert time.monotonic() < deadline


def test_a_server_that_goes_away_in_mid_dump_leaves_no_backup(environment: Environment) -> None:
    first = create(environment())
    ctx = environment()
    run(ctx, "INSERT INTO items.log SELECT repeat(md5(n::text), 20) FROM generate_series(1, 20000) n")
    breaking = Breaking(lambda words, outcome: None)
    breaking.ctx = ctx
    with pytest.raises(BackupError) as raised:
        create(environment(breaking))
    told(2, raised.value)
    assert [each.id for each in list_backups(environment()).backups] == [first.id]
    assert len(stored(ctx)) == 2


def test_a_second_backup_at_once_is_told_who_makes_the_first(environment: Environment) -> None:
    ctx = environment()
    holder = LockHolder(
        id="0123abcd",
        verb="backup create",
        reason="backup create",
        host="other",
        pid=os.getpid(),
        started=processes.current().started,
        since=time.time(),
        build_url=None,
    )
    ctx.backends.cluster.take_lock(holder)
    with pytest.raises(LockHeldError) as raised:
        create(replace(environment(), clock=Hasty()))
    told(13, raised.value)
    assert stored(ctx) == []
    ctx.backends.cluster.release_lock(holder.id)
    assert create(environment()).level == "checked"


def test_large_objects_that_would_not_fit_in_memory_are_refused(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "SELECT lo_create(0) FROM generate_series(1, 2000)")
    database = replace(ctx.backends.database, memory=lambda: 1_000_000)
    with pytest.raises(PreconditionError) as raised:
        create(replace(ctx, backends=replace(ctx.backends, database=database)))
    told(17, raised.value)
    assert stored(ctx) == []
    assert create(environment()).level == "checked"


def test_a_million_large_objects_are_told_before_they_are_read(environment: Environment) -> None:
    """Entries without content, which is all that is counted; they are never dumped here."""
    ctx = environment()
    run(
        ctx,
        "SET allow_system_table_mods = on; INSERT INTO pg_largeobject_metadata (oid, lomowner)"
        " SELECT n, 10 FROM generate_series(3000000, 4000001) n",
    )
    backup_source.require_memory(ctx)
    (notice,) = ctx.report.of(Notice)
    told(17, notice.text)


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
    told(1, again.report.of(Notice)[0].text)
    assert len(stored(ctx)) == 2
