"""A bucket is a store like a directory: whole objects or none, and never one in another's place."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from platformctl.backends.objects.s3.limits import MIB, Limits
from platformctl.backends.objects.s3.store import S3Objects
from platformctl.errors import BackupError, ExitCode, PlatformError, PreconditionError
from platformctl.events import Narrated
from platformctl.shell.rehearsal import RehearsalRunner
from tests.failures import told
from tests.s3 import KEYS, SMALL, Asked, Bucket, Came, Fault, forgets, refuses
from tests.support import Heard

KEY = "shop/local/77/b1/data"
ROLES = ("writer", "reader", "pruner")
CONTENT = random.Random(1).randbytes(5_300)


def put(objects: S3Objects, content: bytes, key: str = KEY) -> None:
    with objects.writer(key) as target:
        target.write(content)


def read(objects: S3Objects, key: str = KEY) -> bytes:
    with objects.reader(key) as source:
        return source.read()


@pytest.mark.parametrize("size", [0, 1, 700, 1000, 1001, 2_300])
def test_an_object_of_any_size_is_read_back_and_listed(bucket: Bucket, size: int) -> None:
    objects = bucket.objects()
    put(objects, CONTENT[:size])
    assert read(objects) == CONTENT[:size]
    assert [(each.key, each.size) for each in objects.list("shop/local")] == [(KEY, size)]
    assert abs(next(objects.list("shop")).modified - time.time()) < 60
    assert bucket.unfinished() == []


def test_a_reader_gives_as_many_bytes_as_it_is_asked_for(bucket: Bucket) -> None:
    put(bucket.objects(), CONTENT)
    with bucket.objects().reader(KEY) as source:
        parts = [source.read(1500) for _ in range(4)]
        assert source.read(1) == b""
    assert [len(each) for each in parts] == [1500, 1500, 1500, 800]
    assert b"".join(parts) == CONTENT


def test_small_objects_need_one_request_and_its_confirmation(bucket: Bucket) -> None:
    objects = bucket.objects()
    put(objects, CONTENT[:999])
    assert [each.method for each in bucket.road.asked] == ["PUT", "HEAD"]


def test_parts_grow_so_that_their_number_is_never_used_up(bucket: Bucket) -> None:
    put(bucket.objects(limits=replace(SMALL, part=100, parts=20)), CONTENT)
    sizes = [len(each.body) for each in bucket.road.asked if each.writes]
    assert sizes == [100, 100, 200, 200, 400, 400, 800, 800, 1600, 700]
    assert bucket.content(KEY) == CONTENT


def test_the_largest_object_of_aws_fits_its_number_of_parts() -> None:
    limits = Limits()
    assert sum(limits.size(number) for number in range(1, limits.parts + 1)) > 5 * 1024**4
    assert limits.size(1) == limits.size(1000) == 8 * MIB
    assert limits.size(limits.parts) < 5 * 1024**3
    assert Limits(parts=1000).size(1000) < 5 * 1024**3


def test_an_object_that_needs_too_many_parts_is_refused_and_forgotten(bucket: Bucket) -> None:
    with pytest.raises(BackupError) as raised:
        put(bucket.objects(limits=replace(SMALL, part=10, parts=5)), CONTENT)
    told(8, raised.value)
    assert (bucket.visible(), bucket.unfinished()) == ({}, [])


@pytest.mark.parametrize("size", [10, 2500])
def test_an_object_is_never_overwritten(bucket: Bucket, size: int) -> None:
    objects = bucket.objects()
    put(objects, b"first")
    with pytest.raises(BackupError) as raised:
        put(objects, CONTENT[:size])
    told(21, raised.value)
    assert (read(objects), bucket.unfinished()) == (b"first", [])


@pytest.mark.parametrize("size", [10, 2500])
def test_a_write_that_fails_leaves_nothing(bucket: Bucket, size: int) -> None:
    def fail() -> None:
        with bucket.objects().writer(KEY) as target:
            target.write(CONTENT[:size])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (bucket.visible(), bucket.unfinished()) == ({}, [])


def test_an_object_is_not_there_before_its_block_ends(bucket: Bucket) -> None:
    objects = bucket.objects()
    with objects.writer(KEY) as target:
        target.write(CONTENT)
        target.flush()
        assert list(objects.list("shop")) == []
        assert bucket.unfinished() == [KEY]
    assert len(list(objects.list("shop"))) == 1


def test_what_is_sent_is_sent_with_its_checksum(bucket: Bucket) -> None:
    put(bucket.objects(), CONTENT)
    put(bucket.objects(), b"small", f"{KEY}2")
    sent = [{name.lower() for name in each.headers} for each in bucket.road.asked if each.writes]
    assert len(sent) == 7
    assert all("x-amz-checksum-sha256" in each for each in sent)
    found = bucket.true.head_object(Bucket=bucket.name, Key=KEY, ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"]


def test_the_memory_of_a_writer_does_not_grow_with_its_object(bucket: Bucket) -> None:
    """The store is in this process, too, so what it keeps goes onto the road and no further."""
    bucket.road.expect(lambda asked: asked.writes, forgets, times=64)
    peaks: list[int] = []

    def write() -> None:
        with bucket.objects(limits=Limits(part=MIB)).writer(KEY) as target:
            target.write(bytes(MIB))
            tracemalloc.start()
            for _ in range(63):
                target.write(bytes(MIB))
                bucket.road.asked.clear()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert peaks[0] < 8 * MIB


def test_sweeping_aborts_what_is_unfinished_below_the_prefix_and_nothing_else(bucket: Bucket) -> None:
    objects = bucket.objects()
    put(objects, b"whole")
    for key in (f"{KEY}2", "shop/local2/x", "shop/prod/x", "other/local/x"):
        bucket.true.create_multipart_upload(Bucket=bucket.name, Key=key)
    assert objects.sweep("shop/local") == 1
    assert sorted(bucket.unfinished()) == ["other/local/x", "shop/local2/x", "shop/prod/x"]
    assert bucket.visible() == {KEY: 5}
    assert objects.sweep("shop/local") == 0


def test_an_upload_that_ends_while_it_is_swept_is_no_failure(bucket: Bucket) -> None:
    bucket.true.create_multipart_upload(Bucket=bucket.name, Key=KEY)
    bucket.road.expect(lambda asked: asked.method == "DELETE", refuses(404, "NoSuchUpload"))
    assert bucket.objects().sweep("shop") == 1


def test_an_environment_lists_its_own_folder_only(bucket: Bucket) -> None:
    objects = bucket.objects()
    for key in ("shop/prod/a", "shop/production/a", "shop/prod"):
        put(objects, b"x", key)
    assert [each.key for each in objects.list("shop/prod")] == ["shop/prod/a"]


def test_a_deleted_object_is_gone_and_its_neighbour_is_not(bucket: Bucket) -> None:
    objects = bucket.objects()
    put(objects, b"x")
    put(objects, b"y", f"{KEY}2")
    objects.delete(KEY)
    assert bucket.visible() == {f"{KEY}2": 1}
    objects.delete(KEY)


def test_a_deletion_that_did_not_happen_is_told(bucket: Bucket) -> None:
    put(bucket.objects(), b"x")
    bucket.road.expect(lambda asked: asked.method == "DELETE", refuses(204, "nothing"))
    with pytest.raises(BackupError) as raised:
        bucket.objects().delete(KEY)
    assert raised.value.reference == "objects/not-deleted"


def test_thousands_of_objects_are_listed_page_by_page(bucket: Bucket) -> None:
    """Answered by the road; moto itself would be too slow to fill."""
    page = "".join(
        f"<Contents><Key>shop/local/77/b{n}/data</Key><Size>1</Size>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for n in range(1000)
    )
    for more in ("<IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken>", ""):
        body = f"<ListBucketResult>{page}{more}</ListBucketResult>"
        bucket.road.expect(lambda asked: "list-type=2" in asked.path, answers(body))
    before = len(bucket.road.asked)
    assert len(list(bucket.objects().list("shop/local"))) == 2000
    assert len(bucket.road.asked) == before + 2
    assert "continuation-token=2" in bucket.road.asked[-1].path


def answers(body: str) -> Fault:
    content = [("Content-Type", "application/xml")]
    return lambda road, _asked, _ask: road.give(Came(200, content, body.encode()))


def test_objects_are_encrypted_and_locked_as_configured(bucket: Bucket) -> None:
    settings = {"kms_key": "alias/backups", "object_lock": "compliance", "lock_days": 30}
    bucket.true.create_bucket(Bucket=f"{bucket.name}-locked", ObjectLockEnabledForBucket=True)
    objects = bucket.objects(bucket=f"{bucket.name}-locked", **settings)
    put(objects, b"small")
    put(objects, CONTENT, f"{KEY}2")
    begun = [each for each in bucket.road.asked if each.path.endswith(("data", "?uploads"))]
    for each in [each for each in begun if each.method in ("PUT", "POST")]:
        headers = {name.lower(): value for name, value in each.headers.items()}
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/backups"
        assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
        assert headers["x-amz-object-lock-retain-until-date"] > time.strftime("%Y-%m-%d")
    found = bucket.true.head_object(Bucket=f"{bucket.name}-locked", Key=KEY)
    assert (found["ServerSideEncryption"], found["ObjectLockMode"]) == ("aws:kms", "COMPLIANCE")


def test_each_request_is_made_by_the_identity_it_is_for(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    lines = [f"[{role}]\naws_access_key_id = {role}\naws_secret_access_key = x\n" for role in ROLES]
    (tmp_path / "credentials").write_text("\n".join(lines))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    objects = bucket.objects(profiles={role: role for role in ROLES})
    put(objects, CONTENT)
    put(objects, b"x", f"{KEY}2")
    read(objects)
    list(objects.list("shop"))
    objects.delete(KEY)
    asked = {(each.method, who(each)) for each in bucket.road.asked}
    assert asked == {
        *(("PUT", "writer"), ("POST", "writer")),
        *(("HEAD", "reader"), ("GET", "reader")),
        ("DELETE", "pruner"),
    }


def who(asked: Asked) -> str:
    return asked.headers["Authorization"].partition("Credential=")[2].partition("/")[0]


@pytest.mark.parametrize("key", ["../x", "shop/../../x", "", "/etc/passwd", "shop//x", "."])
def test_what_is_no_key_never_reaches_the_store(bucket: Bucket, key: str) -> None:
    objects = bucket.objects()
    for act in (
        lambda: put(objects, b"", key),
        lambda: read(objects, key),
        lambda: objects.delete(key),
        lambda: list(objects.list(key)),
        lambda: objects.sweep(key),
    ):
        with pytest.raises(BackupError, match="no key") as raised:
            act()
    if key == "":
        told(20, raised.value)
    assert bucket.road.asked == []


def test_a_missing_object_is_told(bucket: Bucket) -> None:
    with pytest.raises(BackupError) as raised:
        read(bucket.objects())
    assert raised.value.reference == "objects/missing"


def test_a_rehearsal_writes_nothing(bucket: Bucket) -> None:
    heard = Heard()
    bucket.true.create_multipart_upload(Bucket=bucket.name, Key=KEY)
    objects = bucket.objects(RehearsalRunner(heard))
    put(objects, CONTENT)
    objects.delete(KEY)
    objects.sweep("shop")
    assert (bucket.visible(), bucket.unfinished()) == ({}, [KEY])
    assert [each.words for each in heard.of(Narrated)] == [
        f"write the object {KEY}",
        f"delete the object {KEY}",
        f"abort the unfinished upload of {KEY}",
    ]


def test_a_bucket_that_is_not_there_is_told(bucket: Bucket) -> None:
    objects = bucket.objects(bucket="nowhere-at-all")
    for act in (lambda: list(objects.list("shop")), lambda: put(objects, CONTENT), lambda: read(objects)):
        with pytest.raises(PreconditionError) as raised:
            act()
        assert raised.value.reference == "objects/bucket"
        assert raised.value.exit_code is ExitCode.PRECONDITION


def test_a_profile_that_is_not_there_is_told(bucket: Bucket) -> None:
    with pytest.raises(PreconditionError) as raised:
        list(bucket.objects(profiles={"reader": "nobody"}).list("shop"))
    assert raised.value.reference == "objects/auth"
    assert "objects.profiles.reader" in raised.value.fix


def test_no_credentials_at_all_are_told_at_once(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    begun = time.monotonic()
    with pytest.raises(PreconditionError) as raised:
        put(bucket.objects(), b"x")
    assert raised.value.reference == "objects/auth"
    assert time.monotonic() - begun < 2


def test_the_location_is_what_other_tools_call_it(bucket: Bucket) -> None:
    assert bucket.objects().location() == f"s3://{bucket.name}"


def test_every_error_names_what_failed_and_the_next_command(bucket: Bucket) -> None:
    with pytest.raises(PlatformError) as raised:
        read(bucket.objects())
    assert KEY in raised.value.message
    assert "platformctl" in raised.value.fix


def rule(
    days: int | None = 10, prefix: str = "", status: str = "Enabled", **more: object
) -> dict[str, object]:
    expiration = {"Expiration": {"Days": days}} if days is not None else {}
    return {"ID": uuid4().hex, "Status": status, "Filter": {"Prefix": prefix}, **expiration, **more}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], None),
        ([rule(30), rule(10)], 10),
        ([rule(10, "shop/local/")], 10),
        ([rule(10, "shop/")], 10),
        ([rule(10, "shop/local/77/old")], 10),
        ([rule(10, "other/")], None),
        ([rule(10, status="Disabled")], None),
        ([rule(None, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2})], None),
    ],
)
def test_what_a_bucket_deletes_by_itself_is_known(
    bucket: Bucket, true: object, rules: list[dict[str, object]], expected: int | None
) -> None:
    if rules:
        true.put_bucket_lifecycle_configuration(Bucket=bucket.name, LifecycleConfiguration={"Rules": rules})
    assert bucket.objects().expiry("shop/local") == expected


LOCK = {"ObjectLockEnabled": "Enabled"}


@pytest.mark.parametrize(
    ("retention", "expected"),
    [(None, 0), ({"Mode": "GOVERNANCE", "Days": 9}, 9), ({"Mode": "COMPLIANCE", "Years": 2}, 730)],
)
def test_what_a_bucket_locks_by_itself_is_known(
    bucket: Bucket, true: object, retention: dict[str, object] | None, expected: int
) -> None:
    assert bucket.objects().lock_days() is None
    locking = f"{bucket.name}-locking"
    true.create_bucket(Bucket=locking, ObjectLockEnabledForBucket=True)
    rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
    true.put_object_lock_configuration(Bucket=locking, ObjectLockConfiguration=LOCK | rule)
    assert bucket.objects(bucket=locking).lock_days() == expected
