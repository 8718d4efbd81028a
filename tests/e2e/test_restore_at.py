"""Back to a moment between backups, on a real server; what cannot be reached is refused."""

from __future__ import annotations

import gzip
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.point_in_time.embedded import EmbeddedPointInTime
from platformctl.backends.point_in_time.recovery import Recovery
from platformctl.config.schema import Backup, Keep, PlatformConfig
from platformctl.errors import BackupError, PlatformError, PreconditionError, StepError
from platformctl.events import Finding
from platformctl.operations import point_in_time
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_prune import prune
from platformctl.operations.catalogue import find
from platformctl.operations.context import Context
from platformctl.operations.restore import heal, restore
from platformctl.operations.restore_at import recover, restore_at, what_is_lost
from platformctl.operations.restore_undo import undo
from platformctl.operations.waiting import SystemClock
from platformctl.shell import processes
from platformctl.shell.command import Answer, Command
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import OnLine, RealRunner
from tests.database import CONTENT, SERVICES, context, names, rows, run, running
from tests.killing import boundaries, in_a_child
from tests.support import Heard

Environment = Callable[..., Context]
NONE = PlatformConfig(platform="shop", backup=Backup(keep=Keep(last=2, daily=0, weekly=0, monthly=0)))

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def archiving() -> Iterator[EmbeddedDatabase]:
    with running(archives=True) as made:
        yield made


@pytest.fixture
def environment(archiving: EmbeddedDatabase, tmp_path: Path) -> Iterator[Environment]:
    name = f"db{time.monotonic_ns()}"
    first = context(archiving, tmp_path, name)
    first.backends.database.prepare(SERVICES)
    run(first, CONTENT)
    yield lambda runner=None: context(archiving, tmp_path, name, runner)
    for each in first.backends.database.databases():
        if each.name.startswith(name):
            first.backends.database.drop(each.name)


@pytest.fixture
def based(environment: Environment) -> Environment:
    """With a base backup of its content."""
    environment().backends.point_in_time.back_up()
    return environment


def now(ctx: Context) -> float:
    """By the server's clock, with a moment on either side of which nothing happens."""
    time.sleep(0.05)
    (moment,) = run(ctx, "SELECT extract(epoch FROM clock_timestamp())::float8")[0]
    time.sleep(0.05)
    return float(moment)


def archive(ctx: Context) -> Path:
    return ctx.backends.database.archive


def left(ctx: Context) -> list[str]:
    """What of a recovery is left beside bases and log."""
    return [each.name for each in archive(ctx).parent.iterdir() if each.name not in ("bases", "wal")]


def refused(ctx: Context, moment: float) -> PlatformError:
    before = rows(ctx), names(ctx), list_backups(ctx).backups
    with pytest.raises(PlatformError) as raised:
        restore_at(ctx, moment)
    assert "touched" in raised.value.state
    assert ([each.id for each in list_backups(ctx).backups]) == [each.id for each in before[2]]
    assert (rows(ctx), names(ctx)) == before[:2]
    assert left(ctx) == []
    return raised.value


def test_a_server_that_went_too_far_is_refused(based: Environment) -> None:
    ctx = based()
    engine, base = point_in_time.require(ctx, now(ctx))
    run(ctx, "DELETE FROM items.log")
    moment = now(ctx)
    engine.archive_now()
    with engine.recovered(base, moment) as database:
        assert database.server().system_id == ctx.backends.database.server().system_id
        recovery = Recovery(ctx.backends.database, archive(ctx).parent / "recovery")
        recovery._require(database, moment)
        with pytest.raises(StepError) as raised:
            recovery._require(database, base.ended)
    assert raised.value.reference == "restore/at-unreached"
    assert left(ctx) == []


class Ending(RealRunner):
    """The throwaway server cannot be started, as without memory."""

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        if "start" in command.argv:
            command = replace(command, argv=("sh", "-c", "echo cannot allocate memory >&2; exit 1"))
        return super().run(command, on_line)


def test_a_server_that_does_not_start_is_not_told_as_a_moment_that_was_not_reached(
    based: Environment,
) -> None:
    ctx = based(Ending(lambda words, outcome: None))
    with pytest.raises(StepError) as raised:
        restore_at(ctx, now(ctx))
    assert (raised.value.reference, raised.value.cause) == ("restore/at-start", "cannot allocate memory")
    assert left(ctx) == []


def test_where_it_is_off_it_says_so(server: EmbeddedDatabase, tmp_path: Path) -> None:
    ctx = context(server, tmp_path, "postgres")
    with pytest.raises(PreconditionError) as raised:
        restore_at(ctx, time.time())
    assert raised.value.reference == "restore/at-off"


def test_a_moment_outside_the_window_is_refused_and_the_window_told(based: Environment) -> None:
    ctx = based()
    first = ctx.backends.point_in_time.bases()[0]
    for moment in (first.ended - 0.1, time.time() + 60):
        error = refused(based(), moment)
        assert error.reference == "restore/at-window"
        assert f"from {point_in_time.iso(first.ended + 1)} to " in error.cause


def test_a_missing_segment_is_refused_and_named_and_another_base_leads_on(based: Environment) -> None:
    ctx = based()
    base = ctx.backends.point_in_time.bases()[-1]
    reachable = now(ctx)
    ctx.backends.point_in_time.archive_now()
    begun = now(ctx)  # the last segment before the hole
    ctx.backends.point_in_time.archive_now()
    ctx.backends.point_in_time.archive_now()
    moment = now(ctx)
    ctx.backends.point_in_time.archive_now()
    kept = sorted(each for each in archive(ctx).glob("*.gz") if each.name[:24] > base.first)
    gone = kept[-2]
    gone.rename(gone.with_suffix(".away"))
    try:
        error = refused(based(), moment)
        assert error.reference == "restore/at-missing"
        assert gone.name[:24] in error.cause
        assert reachable < ctx.backends.point_in_time.reaches()[-1].until < begun
        restore_at(based(), reachable)
        (found,) = point_in_time.examine(based())
        assert (found.status, found.evidence) == ("fail", error.cause.partition(";")[0])
        point_in_time.back_up(based())
        assert ctx.backends.point_in_time.bases()[-1] != base
        assert refused(based(), moment).reference == "restore/at-missing"
        restore_at(based(), now(ctx))
    finally:
        gone.with_suffix(".away").rename(gone)


def test_a_damaged_segment_is_refused(based: Environment) -> None:
    ctx = based()
    moment = now(ctx)
    ctx.backends.point_in_time.archive_now()
    newest = max(each for each in archive(ctx).glob("*.gz") if len(each.name) == 27)
    good = newest.read_bytes()
    newest.write_bytes(good[:-5])
    try:
        error = refused(based(), moment)
        assert error.reference == "restore/at-unreached"
        assert "before configured recovery target was reached" in error.cause
    finally:
        newest.write_bytes(good)


def test_rows_that_were_destroyed_come_back_and_an_undo_brings_the_present(based: Environment) -> None:
    ctx = based()
    run(ctx, "INSERT INTO items.items (title, state) VALUES ('written before', 'open')")
    good, moment = rows(ctx), now(ctx)
    run(ctx, "DELETE FROM items.items WHERE id % 2 = 0")
    bad = rows(ctx)
    asked, words = what_is_lost(based(), moment)
    assert asked == moment
    assert "MB of disk" in words
    restored = restore_at(based(), moment)
    assert rows(ctx) == good
    assert left(ctx) == []
    (made,) = list_backups(ctx).backups
    assert (made.id, made.state) == (restored.backup, "proven")
    assert "recovered from the write-ahead log" in made.note
    undo(based())
    assert rows(ctx) == bad
    again = restore_at(based(), moment)
    assert again.backup != made.id
    assert rows(ctx) == good


def test_the_room_that_is_asked_for_is_enough_also_for_what_was_deleted_since(based: Environment) -> None:
    ctx = based()
    engine, base = point_in_time.require(ctx, now(ctx))
    before = engine.room(base, now(ctx))
    run(ctx, "CREATE TABLE loaded AS SELECT md5(n::text) FROM generate_series(1, 600000) n")
    ((size,),) = run(ctx, "SELECT pg_table_size('loaded')")
    run(ctx, "DROP TABLE loaded")
    engine.archive_now()
    assert engine.room(base, now(ctx)) >= before + size


def test_a_backup_of_a_moment_is_only_restored_by_its_id_and_holds_no_place_of_retention(
    based: Environment,
) -> None:
    ctx = based()
    made = create(ctx)
    moment = now(ctx)
    with ctx.backends.database.exclusively(), pytest.raises(PreconditionError) as raised:
        restore_at(based(), moment)
    assert raised.value.reference == "restore/busy"
    recovered, normal = list_backups(ctx).backups
    assert normal.id == made.id
    assert find(based(), "latest").id == made.id
    assert restore(based(), recovered.id).backup == recovered.id
    assert find(based(), "latest").id == made.id
    assert made.id in {each.id for each in prune(replace(based(), config=NONE)).kept}


def test_a_rehearsal_looks_whether_it_could_and_changes_nothing(based: Environment) -> None:
    ctx = based()
    before, heard = sorted(archive(ctx).parent.rglob("*")), Heard()
    rehearsing = replace(based(RehearsalRunner(heard)), report=heard)
    assert restore_at(rehearsing, now(ctx)) is None
    assert sorted(archive(ctx).parent.rglob("*")) == before
    with pytest.raises(PreconditionError):
        restore_at(rehearsing, 1.0)


def test_a_backup_makes_one_base_a_day(environment: Environment) -> None:
    engine = environment().backends.point_in_time
    before = engine.bases()
    point_in_time.back_up(environment())
    first = engine.bases()
    create(environment())
    assert engine.bases() == first
    assert len(first) <= len(before) + 1
    assert all(
        (archive(environment()).parent / "bases" / each.name).stat().st_mode & 0o077 == 0 for each in first
    )


@dataclass(frozen=True)
class Shifted(SystemClock):
    """A clock that is corrected by `seconds`."""

    seconds: float

    def now(self) -> float:
        return super().now() + self.seconds


def test_a_base_of_the_future_does_not_stand_for_one_of_today(based: Environment) -> None:
    ctx = replace(based(), clock=Shifted(-48 * 3600))
    before = ctx.backends.point_in_time.bases()
    time.sleep(1)
    point_in_time.back_up(ctx)
    assert len(ctx.backends.point_in_time.bases()) == len(before) + 1


def test_what_is_too_old_goes_before_a_base_is_made(based: Environment) -> None:
    """So that a disk that is full of it does not stay full."""
    ctx = based(Flipping(lambda words, outcome: None))  # a base is not made
    newest = based().backends.point_in_time.back_up()
    later = replace(ctx, config=NONE, clock=Shifted(48 * 3600))
    assert len(ctx.backends.point_in_time.bases()) > 1
    with pytest.raises(BackupError):
        point_in_time.back_up(later)
    assert ctx.backends.point_in_time.bases() == (newest,)


def test_prune_keeps_the_newest_base_and_its_log_alone(based: Environment) -> None:
    ctx = replace(based(), config=NONE)
    engine = ctx.backends.point_in_time
    (archive(ctx).parent / "bases" / "half" / "data").mkdir(parents=True)  # as a killed run leaves one
    newest = engine.back_up()
    assert sorted(each.name for each in (archive(ctx).parent / "bases").iterdir()) == [
        each.name for each in engine.bases()
    ]
    engine.archive_now()
    assert len(engine.bases()) > 1
    prune(based())  # within seven days all stay
    assert len(engine.bases()) > 1
    prune(ctx)
    assert engine.bases() == (newest,)
    assert min(each.name[:24] for each in archive(ctx).glob("*.gz")) == newest.first
    restore_at(based(), now(ctx))
    prune(ctx)
    assert engine.bases() == (newest,)


def test_a_base_that_a_kill_left_without_its_name_does_not_count_and_is_cleared_away(
    based: Environment,
) -> None:
    engine, bases = based().backends.point_in_time, archive(based()).parent / "bases"
    newest = engine.bases()[-1]
    (bases / newest.name).rename(bases / "making")
    assert newest not in engine.bases()
    made = engine.back_up()
    assert engine.bases()[-1] == made
    assert not (bases / "making").exists()


class Flipping(RealRunner):
    """Changes a byte of what pg_basebackup has written, as a bad disk does."""

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        answer = super().run(command, on_line)
        if command.program == "pg_basebackup":
            (folder,) = (each.partition("=")[2] for each in command.argv if each.startswith("--pgdata"))
            (Path(folder) / "PG_VERSION").write_text("17\n")
        return answer


def test_a_base_that_is_not_what_was_read_does_not_count(based: Environment) -> None:
    before = based().backends.point_in_time.bases()
    engine = based(Flipping(lambda words, outcome: None)).backends.point_in_time
    with pytest.raises(BackupError) as raised:
        engine.back_up()
    assert raised.value.reference == "backup/base"
    assert "PG_VERSION" in raised.value.cause
    assert engine.bases() == before


def test_a_page_that_is_damaged_in_the_live_data_makes_no_base(based: Environment) -> None:
    ctx = based()
    before = ctx.backends.point_in_time.bases()
    run(ctx, "CHECKPOINT")
    ((path,),) = run(ctx, "SELECT pg_relation_filepath('items.items')")
    file = ctx.backends.database.data / str(path)
    good = file.read_bytes()
    file.write_bytes(good[:100] + bytes([good[100] ^ 1]) + good[101:])
    try:
        with pytest.raises(BackupError) as raised:
            ctx.backends.point_in_time.back_up()
    finally:
        file.write_bytes(good)
    assert raised.value.reference == "backup/base"
    assert ctx.backends.point_in_time.bases() == before


def test_a_kill_anywhere_leaves_the_live_database_and_the_next_run_clears_up(based: Environment) -> None:
    ctx = based()
    moment, before = now(ctx), rows(ctx)
    mark, survivors = str(archive(ctx).parent.parent), 0
    for _ in boundaries(based, lambda each: recover(each, moment), (0,)):
        assert rows(ctx) == before
        survivors = max(survivors, len(processes.carrying("PLATFORMCTL_STATE", mark)))
    assert survivors > 0  # a server that `up` and `down` would end; here the next run did
    assert processes.carrying("PLATFORMCTL_STATE", mark) == []
    assert left(ctx) == []
    assert {each.state for each in list_backups(ctx).backups} == {"whole"}
    restore_at(based(), moment)


@pytest.mark.parametrize("verb", [heal, prune, point_in_time.prune])
def test_copies_that_a_kill_left_go_with_the_next_run(
    based: Environment, verb: Callable[[Context], object]
) -> None:
    ctx = based()
    moment, place = now(ctx), archive(ctx).parent

    def killed() -> None:
        engine, base = point_in_time.require(based(), moment)
        engine.archive_now()
        with engine.recovered(base, moment):
            (place / "bases" / "making" / "data").mkdir(parents=True)
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(killed) == -9
    assert left(ctx) == ["recovery"]
    verb(based())
    assert left(ctx) == []
    assert not (place / "bases" / "making").exists()
    assert processes.carrying("PLATFORMCTL_STATE", str(place.parent)) == []


class Slow(RealRunner):
    """Has pg_basebackup take its time."""

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        if command.program == "pg_basebackup":
            command = replace(command, argv=(*command.argv, "--max-rate=32k"))
        return super().run(command, on_line)


def test_a_copying_program_that_outlived_its_run_is_ended(based: Environment) -> None:
    ctx = based()
    mark = str(archive(ctx).parent.parent)
    child = os.fork()
    if child == 0:
        based(Slow(lambda words, outcome: None)).backends.point_in_time.back_up()
        os._exit(0)
    deadline = time.monotonic() + 30
    while not (left_behind := processes.carrying("PLATFORMCTL_STATE", mark)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert any(each.is_running() for each in left_behind)
    ctx.backends.point_in_time.clear()
    assert processes.carrying("PLATFORMCTL_STATE", mark) == []
    assert not (archive(ctx).parent / "bases" / "making").exists()


def test_an_archive_that_takes_nothing_is_found_and_nothing_is_recovered(based: Environment) -> None:
    ctx = based()
    moment, place = now(ctx), archive(ctx)
    place.rename(place.with_name("away"))
    place.write_text("no folder")
    try:
        with pytest.raises(StepError) as raised:
            ctx.backends.point_in_time.archive_now()
        assert raised.value.reference == "restore/at-archive"
        with pytest.raises(BackupError) as unmade:
            ctx.backends.point_in_time.back_up()
        assert unmade.value.reference == "backup/base"
        found: Finding = next(point_in_time.examine(based()))
        assert found.status == "fail"
        assert "could not be archived" in found.evidence
    finally:
        place.unlink()
        place.with_name("away").rename(place)
    ctx.backends.point_in_time.archive_now()
    assert {each.status for each in point_in_time.examine(based())} == {"pass"}
    restore_at(based(), moment)


def test_a_new_cluster_leaves_the_archive_of_the_former_one_and_archives_its_own() -> None:
    """Both name the segments of their logs alike."""
    with running(archives=True) as made:
        made.supervisor.stop()
        shutil.rmtree(made.data)
        shutil.rmtree(made.archive.parent, ignore_errors=True)
        former = made.archive / "000000010000000000000001.gz"
        former.parent.mkdir(parents=True)
        former.write_bytes(gzip.compress(b"of before"))
        made.start()
        engine = EmbeddedPointInTime(made)
        engine.archive_now()
        assert engine.trouble() is None
        (aside,) = made.data.parent.glob("point-in-time.former-*")
        assert gzip.decompress((aside / "wal" / former.name).read_bytes()) == b"of before"


def test_an_archive_of_another_history_is_told_as_that_and_moving_it_away_helps() -> None:
    with running(archives=True) as made:
        engine = EmbeddedPointInTime(made)
        engine.archive_now()
        engine._ask("SELECT pg_current_xact_id()")
        (segment,) = engine._ask("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        (made.archive / f"{segment}.gz").write_bytes(gzip.compress(b"of another"))
        engine._ask("SELECT pg_switch_wal()")
        deadline = time.monotonic() + 30
        while (trouble := engine.trouble()) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert trouble is not None
        assert "holds another of that name" in trouble.cause
        move = trouble.fix.partition(";")[0]
        assert move.startswith(f"mv {made.archive.parent} ")
        subprocess.run(shlex.split(move), check=True)
        engine.archive_now()
        assert engine.trouble() is None
