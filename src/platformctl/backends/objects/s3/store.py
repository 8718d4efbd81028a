"""Objects in a bucket of S3, or of anything that speaks as S3 does."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from platformctl.backends.calls import mutation, observation
from platformctl.backends.objects import keys
from platformctl.backends.objects.protocol import StoredObject
from platformctl.backends.objects.s3 import lifecycle
from platformctl.backends.objects.s3.attempts import code_of, failures
from platformctl.backends.objects.s3.confirmation import publish
from platformctl.backends.objects.s3.download import Download
from platformctl.backends.objects.s3.identity import Identity, connected
from platformctl.backends.objects.s3.limits import Limits
from platformctl.backends.objects.s3.memory import LARGEST, Memory
from platformctl.backends.objects.s3.refusals import told
from platformctl.backends.objects.s3.upload import Upload
from platformctl.config.objects import Objects
from platformctl.errors import BackupError
from platformctl.shell.runner import Runner


class S3Objects:
    """Whoever writes needs no right to read or delete: each request is made by the identity it is for."""

    def __init__(
        self, config: Objects, runner: Runner, limits: Limits | None = None, memory: Path | None = None
    ) -> None:
        self.runner = runner
        self._memory_file, self._memory = memory, cast("Memory | None", None)
        self._config, self._limits = config, limits or Limits()
        connect = cache(partial(connected, config, self._limits))
        self._writer = Identity("writer", config, connect, self._limits)
        self._reader = Identity("reader", config, connect, self._limits)
        self._pruner = Identity("pruner", config, connect, self._limits)

    def location(self) -> str:
        return f"s3://{self._config.bucket}"

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        keys.parts(key)
        upload = self._begin(key)
        if upload is None:  # a rehearsal
            with open(os.devnull, "wb") as nowhere:
                yield nowhere
            return
        try:
            yield cast(BinaryIO, upload)
            self._publish(key, upload)
        except BaseException:
            upload.abort()
            raise

    @contextmanager
    def reader(self, key: str) -> Iterator[BinaryIO]:
        keys.parts(key)
        memory = self._memory
        if memory is not None and key in memory:
            yield io.BytesIO(memory.recall(key, lambda: self._whole(key)))
            return
        with self._open(key) as stream:
            yield stream

    @contextmanager
    def remembering(self) -> Iterator[None]:
        if self._memory_file is None:
            yield
            return
        self._memory = memory = Memory(self._memory_file)
        try:
            yield
            memory.save()
        finally:
            self._memory = None

    @observation("list objects below {prefix}")
    def list(self, prefix: str) -> Iterator[StoredObject]:
        pages = self._pages("list_objects_v2", prefix, {"ContinuationToken": "NextContinuationToken"})
        found = [each for page in pages for each in page.get("Contents", ())]
        if self._memory is not None:
            self._memory.see({each["Key"]: each["ETag"] for each in found if each["Size"] <= LARGEST})
        return iter(
            [StoredObject(each["Key"], each["Size"], each["LastModified"].timestamp()) for each in found]
        )

    @mutation("delete the object {key}")
    def delete(self, key: str) -> None:
        keys.parts(key)
        with told(self._pruner, f"delete the object {key}"):
            self._pruner.ask("delete_object", Key=key)
        with told(self._reader, f"see that the object {key} is gone"):
            left = self._reader.ask("list_objects_v2", Prefix=key, MaxKeys=1).get("Contents", ())
        if any(each["Key"] == key for each in left):
            raise BackupError(
                f"the object {key} is still there after it was deleted",
                state="No other object was touched.",
                fix="platformctl backup list",
                reference="objects/not-deleted",
            )

    @observation("read the lifecycle rules of {prefix}")
    def expiry(self, prefix: str) -> int | None:
        with told(self._reader, "read the lifecycle rules of the bucket"):
            try:
                rules = self._reader.ask("get_bucket_lifecycle_configuration")["Rules"]
            except failures() as error:
                if code_of(error) != "NoSuchLifecycleConfiguration":
                    raise
                return None
        return lifecycle.expiry(rules, f"{prefix}/")

    @observation("read how the bucket locks objects")
    def lock_days(self) -> int | None:
        with told(self._reader, "read how the bucket locks objects"):
            try:
                found = self._reader.ask("get_object_lock_configuration")["ObjectLockConfiguration"]
            except failures() as error:
                if code_of(error) != "ObjectLockConfigurationNotFoundError":
                    raise
                return None
        retention = found.get("Rule", {}).get("DefaultRetention", {})
        return retention.get("Days", 0) + 365 * retention.get("Years", 0)

    def sweep(self, prefix: str) -> int:
        """Abort what writers that were killed left below `prefix`; answers how many uploads it was."""
        left = self._unfinished(prefix)
        for key, upload in left:
            self._forget(key, upload)
        return len(left)

    @mutation("write the object {key}")
    def _begin(self, key: str) -> Upload | None:
        return Upload(self._writer, key, self._form(), self._limits)

    @mutation("publish the object {key}")
    def _publish(self, key: str, upload: Upload) -> None:
        publish(upload, self._writer, self._reader)

    @observation("read the object {key}")
    def _open(self, key: str) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(Download(self._reader, key, self._limits)))

    def _whole(self, key: str) -> bytes:
        with self._open(key) as stream:
            return stream.read()

    @observation("list unfinished uploads below {prefix}")
    def _unfinished(self, prefix: str) -> builtins.list[tuple[str, str]]:
        following = {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"}
        pages = self._pages("list_multipart_uploads", prefix, following)
        return [(each["Key"], each["UploadId"]) for page in pages for each in page.get("Uploads", ())]

    @mutation("abort the unfinished upload of {key}")
    def _forget(self, key: str, upload: str) -> None:
        with told(self._writer, f"abort the upload of {key}"):
            try:
                self._writer.ask("abort_multipart_upload", Key=key, UploadId=upload)
            except failures() as error:
                if code_of(error) != "NoSuchUpload":  # which has ended meanwhile
                    raise

    def _pages(self, operation: str, prefix: str, following: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Below `prefix` means in its folder: shop/prod has nothing of shop/production."""
        keys.parts(prefix)
        marker: dict[str, str] = {}
        while True:
            with told(self._reader, f"list what is below {prefix}"):
                page = self._reader.ask(operation, Prefix=f"{prefix}/", **marker)
            yield page
            if not page.get("IsTruncated"):
                return
            marker = {name: page[after] for name, after in following.items()}

    def _form(self) -> dict[str, Any]:
        """How an object is kept: under which key encrypted, and until when nobody may delete it."""
        form: dict[str, Any] = {}
        if self._config.kms_key:
            form |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._config.kms_key}
        if self._config.object_lock != "none":
            until = datetime.now(UTC) + timedelta(days=self._config.lock_days or 0)
            form |= {
                "ObjectLockMode": self._config.object_lock.upper(),
                "ObjectLockRetainUntilDate": until,
            }
        return form
