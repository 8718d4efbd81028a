"""Backups in a bucket go the way of those in a directory, from their making to a restore."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl import cli
from platformctl.backends.objects.s3.store import S3Objects
from platformctl.errors import BackupError, ExitCode, PreconditionError
from platformctl.events import Notice
from platformctl.operations import catalogue
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_verify import verify
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.shell.runner import Runner
from tests.database import names, rows, run
from tests.failures import told
from tests.s3 import SMALL, Bucket, bucket, refuses, road, true  # noqa: F401

InBucket = Callable[..., Context]


@pytest.fixture
def in_bucket(environment: Callable[..., Context], bucket: Bucket) -> InBucket:  # noqa: F811
    def make(runner: Runner | None = None) -> Context:
        ctx = environment(runner)
        objects = bucket.objects(ctx.runner)
        return replace(ctx, backends=replace(ctx.backends, objects=objects))

    return make


def test_a_backup_in_a_bucket_is_listed_verifies_and_is_restored(
    in_bucket: InBucket,
    bucket: Bucket,  # noqa: F811
) -> None:
    before = rows(in_bucket())
    made = create(in_bucket())
    assert made.location.startswith(f"s3://{bucket.name}/shop/local/")
    assert [(each.id, each.state) for each in list_backups(in_bucket()).backups] == [(made.id, "whole")]
    assert verify(in_bucket()).whole == (made.id,)
    run(in_bucket(), "DELETE FROM items.items")
    restore(in_bucket(), made.id)
    assert rows(in_bucket()) == before


def test_a_manifest_that_changed_since_it_was_listed_is_listed_as_broken(
    in_bucket: InBucket,
    bucket: Bucket,  # noqa: F811
    tmp_path: Path,
) -> None:
    def remembering() -> Context:
        ctx = in_bucket()
        objects = S3Objects(bucket.config(), ctx.runner, SMALL, memory=tmp_path / "cache")
        return replace(ctx, backends=replace(ctx.backends, objects=objects))

    made = create(remembering())
    for _ in range(2):
        assert [each.state for each in list_backups(remembering()).backups] == ["whole"]
    key = next(each for each in bucket.visible() if each.endswith(catalogue.MANIFEST))
    changed = bucket.content(key).replace(made.id.encode(), made.id[::-1].encode())
    bucket.true.put_object(Bucket=bucket.name, Key=key, Body=changed)
    assert [each.state for each in list_backups(remembering()).backups] == ["broken"]


def test_a_dump_that_is_cut_off_by_the_store_is_no_backup(
    in_bucket: InBucket,
    bucket: Bucket,  # noqa: F811
) -> None:
    first = create(in_bucket())
    bucket.road.expect(lambda asked: asked.completes, refuses(400, "InvalidPart", "no"))
    with pytest.raises(BackupError) as raised:
        create(in_bucket())
    assert raised.value.reference == "objects/refused"
    assert [each.id for each in list_backups(in_bucket()).backups] == [first.id]
    ctx = in_bucket()
    assert catalogue.unpublished(ctx, ctx.backends.database.server().system_id) == ()
    assert (len(bucket.visible()), bucket.unfinished()) == (2, [])


def test_who_may_not_delete_makes_a_backup_beside_what_a_killed_run_left(
    in_bucket: InBucket,
    bucket: Bucket,  # noqa: F811
) -> None:
    killed = create(in_bucket())
    prefix = killed.location.removeprefix(f"s3://{bucket.name}/")
    bucket.true.delete_object(Bucket=bucket.name, Key=f"{prefix}/{catalogue.MANIFEST}")
    bucket.road.expect(lambda asked: asked.method == "DELETE", refuses(403, "AccessDenied"), times=9)
    ctx = in_bucket()
    made = create(ctx)
    assert [each.id for each in list_backups(in_bucket()).backups] == [made.id]
    assert any("stay (1), because the pruner" in each.text for each in ctx.report.of(Notice))


def test_wrong_credentials_end_a_command_with_a_precondition(
    home: Path,
    bucket: Bucket,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"kind": "s3", "bucket": bucket.name, "endpoint": bucket.road.address}.items():
        monkeypatch.setenv(f"PLATFORMCTL__OBJECTS__{name.upper()}", value)
    bucket.road.expect(lambda asked: True, refuses(403, "InvalidAccessKeyId", "No such key."), times=9)
    begun = time.monotonic()
    assert cli.main(["backup", "list", "--output", "json"]) == ExitCode.PRECONDITION
    assert time.monotonic() - begun < 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["reference"], error["state"]) == ("objects/auth", "Nothing was touched.")


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDenied"])
def test_a_restore_with_wrong_credentials_ends_before_it_asks_the_database(
    in_bucket: InBucket,
    bucket: Bucket,  # noqa: F811
    code: str,
) -> None:
    create(in_bucket())
    bucket.road.expect(lambda asked: True, refuses(403, code, "The reason."), times=9)
    begun = time.monotonic()
    with pytest.raises(PreconditionError) as raised:
        restore(in_bucket())
    assert time.monotonic() - begun < 2
    if code == "AccessDenied":
        told(26, raised.value)
    bucket.road.troubles.clear()
    assert names(in_bucket()) == []
