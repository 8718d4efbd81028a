"""What was read of a bucket before is believed while the bucket holds it, and only by who looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.backends.objects.s3.memory import LARGEST
from platformctl.backends.objects.s3.store import S3Objects
from platformctl.errors import BackupError
from platformctl.shell.runner import RealRunner
from tests.s3 import SMALL, Bucket

KEYS = ("shop/local/1/a/manifest.json", "shop/local/1/b/manifest.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "listing.cache"


@pytest.fixture
def filled(bucket: Bucket, file: Path) -> Bucket:
    file.parent.mkdir()
    for key in KEYS:
        put(bucket, key, key.encode())
    return bucket


def put(bucket: Bucket, key: str, content: bytes) -> None:
    bucket.true.put_object(Bucket=bucket.name, Key=key, Body=content)


def looked(bucket: Bucket, file: Path) -> tuple[dict[str, bytes], int]:
    """What a new process sees, and how many objects it fetched for that."""
    bucket.road.asked.clear()
    objects = S3Objects(bucket.config(), RealRunner(lambda words, outcome: None), SMALL, memory=file)
    with objects.remembering():
        found = {each.key: read(objects, each.key) for each in objects.list("shop/local")}
    return found, sum(each.reads for each in bucket.road.asked)


def read(objects: S3Objects, key: str) -> bytes:
    with objects.reader(key) as source:
        return source.read()


def test_what_is_unchanged_is_not_fetched_again(filled: Bucket, file: Path) -> None:
    all_of_it = {key: key.encode() for key in KEYS}
    assert looked(filled, file) == (all_of_it, 2)
    assert looked(filled, file) == (all_of_it, 0)
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_was_replaced_or_added_is_fetched_and_what_is_gone_is_forgotten(
    filled: Bucket, file: Path
) -> None:
    looked(filled, file)
    put(filled, KEYS[0], b"of the same length, perhaps.")
    filled.true.delete_object(Bucket=filled.name, Key=KEYS[1])
    put(filled, "shop/local/1/c/manifest.json", b"new")
    found, fetched = looked(filled, file)
    assert (found[KEYS[0]], len(found), fetched) == (b"of the same length, perhaps.", 2, 2)
    assert KEYS[1].encode() not in file.read_bytes()


def test_whoever_relies_on_an_object_reads_the_object_itself(filled: Bucket, file: Path) -> None:
    looked(filled, file)
    filled.true.delete_object(Bucket=filled.name, Key=KEYS[0])
    objects = S3Objects(filled.config(), RealRunner(lambda words, outcome: None), SMALL, memory=file)
    assert read(objects, KEYS[1]) == KEYS[1].encode()
    with pytest.raises(BackupError):
        read(objects, KEYS[0])
    assert any(each.reads for each in filled.road.asked)


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}", b"\xff\n\x00"])
def test_a_damaged_file_costs_only_time(filled: Bucket, file: Path, damage: bytes) -> None:
    looked(filled, file)
    file.write_bytes(damage or file.read_bytes()[:-9])
    assert looked(filled, file) == ({key: key.encode() for key in KEYS}, 2)
    assert looked(filled, file)[1] == 0


def test_what_is_no_text_or_large_is_fetched_each_time(filled: Bucket, file: Path) -> None:
    put(filled, KEYS[0], b"\xff")
    put(filled, KEYS[1], b"x" * (LARGEST + 1))
    assert all(looked(filled, file)[1] >= 2 for _ in range(2))


def test_without_a_state_directory_nothing_is_kept(bucket: Bucket, file: Path) -> None:
    put(bucket, KEYS[0], b"there")
    assert looked(bucket, file) == ({KEYS[0]: b"there"}, 1)
    assert not file.parent.exists()
