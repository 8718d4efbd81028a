from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from platformctl.backends.objects.directory import DirectoryObjects
from platformctl.errors import BackupError, PlatformError
from platformctl.events import Narrated
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from tests.support import Heard

KEY = "shop/local/77/b1/data"


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryObjects:
    return DirectoryObjects(tmp_path / "backups", RealRunner(lambda words, outcome: None))


def put(objects: DirectoryObjects, key: str, content: bytes) -> None:
    with objects.writer(key) as target:
        target.write(content)


def in_a_child(task: Callable[[], None]) -> int:
    """Exit code 0 when `task` raised BackupError, so that limits of a process end with it."""
    child = os.fork()
    if child == 0:
        try:
            task()
            os._exit(1)
        except BackupError:
            os._exit(0)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_an_object_is_read_back_and_listed_with_its_size(objects: DirectoryObjects) -> None:
    put(objects, KEY, b"content")
    with objects.reader(KEY) as source:
        assert source.read() == b"content"
    assert [(each.key, each.size) for each in objects.list("shop/local")] == [(KEY, 7)]


def test_an_object_is_never_overwritten(objects: DirectoryObjects) -> None:
    put(objects, KEY, b"first")
    with pytest.raises(BackupError) as raised:
        put(objects, KEY, b"second")
    assert raised.value.reference == "objects/exists"
    with objects.reader(KEY) as source:
        assert source.read() == b"first"


def test_a_write_that_fails_leaves_nothing(objects: DirectoryObjects, tmp_path: Path) -> None:
    def fail() -> None:
        with objects.writer(KEY) as target:
            target.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_an_object_is_not_there_before_its_block_ends(objects: DirectoryObjects) -> None:
    with objects.writer(KEY) as target:
        target.write(b"half")
        target.flush()
        assert list(objects.list("shop")) == []
    assert len(list(objects.list("shop"))) == 1


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    def write() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        put(objects, KEY, b"x" * 200_000)

    assert in_a_child(write) == 0
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_a_disk_that_cannot_be_read_does_not_make_the_object_absent(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    path = tmp_path / "backups" / KEY
    path.parent.mkdir(parents=True)
    path.symlink_to("/proc/self/mem")  # opens, and its first page is an I/O error
    with pytest.raises(BackupError) as raised, objects.reader(KEY) as source:
        source.read(10)
    assert "Input/output error" in raised.value.cause
    assert raised.value.state == ""


def test_a_failure_after_the_object_was_published_does_not_call_it_absent(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    def publish() -> None:
        with objects.writer(KEY) as target:
            target.write(b"whole")
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # no folder can be opened to be synced

    def look() -> None:
        with pytest.raises(BackupError) as raised:
            publish()
        assert "does not exist" not in raised.value.state
        raise raised.value

    assert in_a_child(look) == 0
    assert (tmp_path / "backups" / KEY).read_bytes() == b"whole"


def test_what_a_killed_writer_left_is_invisible_and_swept(objects: DirectoryObjects, tmp_path: Path) -> None:
    put(objects, "shop/local/77/b0/data", b"whole")
    child = os.fork()
    if child == 0:
        with objects.writer(KEY) as target:
            target.write(b"half")
            target.flush()
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    left = [each.name for each in tmp_path.rglob("*") if each.is_file()]
    assert len(left) == 2
    assert [each.key for each in objects.list("shop")] == ["shop/local/77/b0/data"]
    assert objects.sweep("shop") == 1
    assert [each.name for each in tmp_path.rglob("b*")] == ["backups", "b0"]


@pytest.mark.parametrize("key", ["../x", "shop/../../x", "", "/etc/passwd", "shop//x", "."])
def test_a_key_cannot_leave_the_directory(objects: DirectoryObjects, key: str) -> None:
    with pytest.raises(BackupError, match="no key"):
        put(objects, key, b"")


def test_a_missing_object_is_told(objects: DirectoryObjects) -> None:
    with pytest.raises(BackupError) as raised, objects.reader(KEY):
        pass
    assert raised.value.reference == "objects/missing"


def test_only_the_owner_may_read_backups(objects: DirectoryObjects, tmp_path: Path) -> None:
    put(objects, KEY, b"content")
    for path in (tmp_path / "backups").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_rehearsal_writes_nothing(tmp_path: Path) -> None:
    heard = Heard()
    put(DirectoryObjects(tmp_path / "backups", RehearsalRunner(heard)), KEY, b"content")
    assert not (tmp_path / "backups").exists()
    assert next(each.words for each in heard.of(Narrated)) == f"write the object {KEY}"


@pytest.mark.parametrize("target", ["nowhere", "manifest", "/dev/zero", ".."])
def test_a_link_that_leads_to_no_file_is_no_object_and_hides_no_other(
    objects: DirectoryObjects, target: str
) -> None:
    put(objects, KEY, b"content")
    link = Path(objects.location(), "shop/local/77/b1/manifest")
    link.symlink_to(target)
    assert KEY in [each.key for each in objects.list("shop/local")]
    with pytest.raises(PlatformError), objects.reader("shop/local/77/b1/manifest"):
        pass


def test_a_pipe_is_not_waited_for(objects: DirectoryObjects) -> None:
    put(objects, KEY, b"content")
    os.mkfifo(Path(objects.location(), "shop/local/77/b1/manifest"))
    with pytest.raises(BackupError) as raised, objects.reader("shop/local/77/b1/manifest"):
        pass
    assert raised.value.reference == "objects/missing"
