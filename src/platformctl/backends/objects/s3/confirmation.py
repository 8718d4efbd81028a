"""What was sent counts as written only when the store itself shows it, whole and as ours."""

from __future__ import annotations

from typing import Any

from platformctl.backends.objects.s3.attempts import code_of, failures
from platformctl.backends.objects.s3.identity import Identity
from platformctl.backends.objects.s3.refusals import (
    ABSENT,
    EXISTS,
    MISSING,
    UNCHANGED,
    UNKNOWN,
    refusal,
    told,
)
from platformctl.backends.objects.s3.upload import MARK, Upload
from platformctl.errors import BackupError, PlatformError

Answer = dict[str, Any]


def publish(upload: Upload, writer: Identity, reader: Identity) -> None:
    """Raises BackupError; when this returns, the object exists as it was written.

    A refusal is no proof: the answer to an earlier attempt may have been lost after the store had done it.
    """
    answer: Answer = {}
    refused: Exception | None = None
    try:
        answer = upload.finish()
    except failures() as error:
        refused = error
    found = _found(upload, reader)
    if refused is not None and (found is None or found.get("Metadata", {}).get(MARK) != upload.mark):
        raise _told(refused, found, upload, writer) from refused
    if differs := _differences(upload, answer if refused is None else found or {}, found):
        raise BackupError(
            f"the object {upload.key} is not in the store as it was sent",
            cause="; ".join(differs),
            state=f"{UNCHANGED} The object, if it exists, is not to be relied on.",
            fix="platformctl backup create",
            reference="objects/unconfirmed",
        )


def _found(upload: Upload, reader: Identity) -> Answer | None:
    with told(reader, f"confirm that the object {upload.key} was written", UNKNOWN):
        try:
            return reader.ask("head_object", Key=upload.key, ChecksumMode="ENABLED")
        except failures() as error:
            if code_of(error) in MISSING:
                return None
            raise


def _told(refused: Exception, found: Answer | None, upload: Upload, writer: Identity) -> PlatformError:
    if code_of(refused) in EXISTS and found is not None:
        return BackupError(
            f"the object {upload.key} exists already, and no object is ever overwritten",
            state=UNCHANGED,
            fix="platformctl backup list",
            reference="objects/exists",
        )
    state = ABSENT if found is None else UNCHANGED
    return refusal(refused, writer, f"write the object {upload.key}", state)


def _differences(upload: Upload, answer: Answer, found: Answer | None) -> list[str]:
    if found is None:
        return ["the store confirmed it and does not have it"]
    # a vendor that knows no checksums names none; of parts most add how many there were
    checksum = found.get("ChecksumSHA256", upload.checksum).partition("-")[0]
    pairs = {
        "bytes": (upload.size, found.get("ContentLength")),
        "ETag": (answer.get("ETag") or "some", found.get("ETag")),
        "SHA-256": (upload.checksum, checksum),
    }
    return [f"{name}: {has} instead of {sent}" for name, (sent, has) in pairs.items() if sent != has]
