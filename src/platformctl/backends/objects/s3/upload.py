"""One object on its way into the store: parts in constant memory, visible as a whole or never."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from platformctl.backends.objects.s3.attempts import failures
from platformctl.backends.objects.s3.identity import Identity
from platformctl.backends.objects.s3.limits import Limits
from platformctl.backends.objects.s3.refusals import ABSENT, told
from platformctl.errors import BackupError

MARK = "platformctl-upload"
HASTE = 5.0  # seconds that an abort may take; what it misses is swept by the next run


class Upload(io.RawIOBase):
    """`finish` makes the object; `abort` lets the store forget what was sent.

    SHA-256 and not CRC32: every vendor that checks at all knows it, it goes as a plain header, and it also
    notices what was not an accident. `mark` is unique and stored with the object: by it an upload whose
    answer was lost knows its own object again.
    """

    def __init__(self, writer: Identity, key: str, form: Mapping[str, Any], limits: Limits) -> None:
        self.key, self.size = key, 0
        self.mark = secrets.token_hex(16)
        self._writer, self._limits = writer, limits
        self._form = {"Metadata": {MARK: self.mark}, "ChecksumAlgorithm": "SHA256", **form}
        self._buffer = bytearray()
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._digests = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with memoryview(data).cast("B") as view:
            begin = 0
            while begin < len(view):
                room = self._limits.size(len(self._parts) + 1) - len(self._buffer)
                self._buffer += view[begin : begin + room]
                begin += room
                if len(self._buffer) == self._limits.size(len(self._parts) + 1):
                    self._send()
            self.size += len(view)
            return len(view)

    @property
    def checksum(self) -> str:
        """What the store should name: of parts it is the hash of their hashes."""
        if self._id is None:
            return _checksum(self._buffer)
        return _checksum(self._digests)

    def finish(self) -> dict[str, Any]:
        """The store's answer; raises what boto3 does, and never replaces an object."""
        if self._id is None:
            return self._writer.ask(
                "put_object",
                Key=self.key,
                Body=self._buffer,
                ChecksumSHA256=self.checksum,
                IfNoneMatch="*",
                **self._form,
            )
        if self._buffer:
            self._send()
        return self._writer.ask(
            "complete_multipart_upload",
            Key=self.key,
            UploadId=self._id,
            MultipartUpload={"Parts": self._parts},
            IfNoneMatch="*",
        )

    def abort(self) -> None:
        """Best effort: the failure that led here says more than one of the abort would."""
        if self._id is None:
            return
        patience = min(HASTE, self._limits.patience)
        with suppress(*failures()):
            self._writer.ask("abort_multipart_upload", patience=patience, Key=self.key, UploadId=self._id)

    def _send(self) -> None:
        number = len(self._parts) + 1
        if number > self._limits.parts:
            raise _too_large(self.key, self.size)
        with told(self._writer, f"write the object {self.key}", ABSENT):
            if self._id is None:
                self._id = self._writer.ask("create_multipart_upload", Key=self.key, **self._form)["UploadId"]
            checksum = _checksum(self._buffer)
            answer = self._writer.ask(
                "upload_part",
                Key=self.key,
                UploadId=self._id,
                PartNumber=number,
                Body=self._buffer,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
        self._digests += base64.b64decode(checksum)
        self._buffer = bytearray()


def _checksum(data: bytearray) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _too_large(key: str, size: int) -> BackupError:
    return BackupError(
        f"the object {key} is too large for the object store",
        cause=f"it takes no more parts after {size:,} bytes",
        state=ABSENT,
        fix="set objects.kind to directory, then: platformctl backup create",
        reference="objects/too-large",
    )
