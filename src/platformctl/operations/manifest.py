"""The manifest: what a backup says of itself, who signed it, and how a single changed byte is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Literal

from pydantic import ValidationError

from platformctl.backends.database.facts import Fact, Proof, Properties
from platformctl.backends.keys import signing
from platformctl.backends.keys.protocol import Signature
from platformctl.errors import BackupError

FORMAT = 2


class Part(Fact):
    """One stored object: sizes in bytes, the plain ones before compression and encryption."""

    name: str
    size: int
    sha256: str
    plain_size: int
    plain_sha256: str


class Source(Fact):
    """The database that was backed up; `size` is what it took on disk, in bytes."""

    system_id: str
    major: int
    version: str
    name: str
    size: int


class Timings(Fact):
    """What took how many seconds, when the backup was made."""

    proof: float
    dump: float
    check: float


class Manifest(Fact):
    """`taken_at` is the moment that the backup shows: seconds since the epoch, by the database's clock.

    `sequence` counts the backups of an environment up, whatever its clock said. `recipients` are those whose
    age keys open the data. `suspect` says what speaks against it, '' when nothing does.
    """

    format: Literal[2]
    id: str
    sequence: int
    platform: str
    environment: str
    taken_at: float
    made_with: str
    source: Source
    recipients: tuple[str, ...]
    suspect: str = ""
    data: Part
    timings: Timings
    properties: Properties
    proof: Proof

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.taken_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def rows(self) -> int:
        return sum(each.count for each in self.proof.tables.values())


def render(manifest: Manifest, sign: Callable[[bytes], Signature]) -> bytes:
    """The bytes of a manifest, then a line with the signature of them, then the hash of all before it."""
    document = json.dumps(manifest.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=True)
    body = document.encode() + b"\n"
    signature = sign(body)
    signed = body + f"{signature.signer} {signature.value}\n".encode()
    return signed + hashlib.sha256(signed).hexdigest().encode() + b"\n"


def parse(raw: bytes, trusted: Collection[str]) -> Manifest:
    """Raises BackupError unless the hash in the last line fits and one of `trusted` signed."""
    signed, _, end = raw[:-1].rpartition(b"\n")
    if not raw.endswith(b"\n") or hashlib.sha256(signed + b"\n").hexdigest().encode() != end:
        raise _damaged("its own hash does not fit")
    body, _, line = signed.rpartition(b"\n")
    _require_signed(body + b"\n", line.decode(errors="replace"), trusted)
    try:
        document = json.loads(body)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise _damaged(f"its format is not {FORMAT}, the one this version of platformctl reads")
        return Manifest.model_validate_json(body)
    except (ValidationError, ValueError) as error:
        raise _damaged(str(error).splitlines()[0]) from error


def _require_signed(body: bytes, line: str, trusted: Collection[str]) -> None:
    signer, _, value = line.partition(" ")
    if not signer.startswith(signing.PREFIX):
        raise _untrusted("it carries no signature, as in format 1 of earlier versions")
    if not signing.verifies(Signature(signer, value), body):
        raise _untrusted("its signature is of something else")
    if signer not in trusted:
        raise _untrusted(f"its signer is {signer}, and {_named(trusted)}")


def _named(trusted: Collection[str]) -> str:
    return f"trusted here: {', '.join(sorted(trusted))}" if trusted else "nobody is trusted here yet"


def _untrusted(cause: str) -> BackupError:
    return BackupError(
        "the manifest is not signed by anybody who is trusted here",
        cause=cause,
        fix="platformctl backup key",
        reference="backup/signature",
    )


def _damaged(cause: str) -> BackupError:
    return BackupError(
        "the manifest cannot be trusted",
        cause=cause,
        fix="platformctl backup list",
        reference="backup/manifest",
    )
