"""The manifest: what a backup says of itself, and how a single changed byte in it is noticed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import ValidationError

from platformctl.backends.database.facts import Fact, Proof, Properties
from platformctl.errors import BackupError

FORMAT = 1


class Part(Fact):
    """One stored object: sizes in bytes, the plain ones before compression."""

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


class Manifest(Fact):
    """`taken_at` is the moment that the backup shows: seconds since the epoch, by the database's clock."""

    format: Literal[1]
    id: str
    platform: str
    environment: str
    taken_at: float
    made_with: str
    source: Source
    data: Part
    properties: Properties
    proof: Proof

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.taken_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def rows(self) -> int:
        return sum(each.count for each in self.proof.tables.values())


def render(manifest: Manifest) -> bytes:
    """The bytes of a manifest, with the hash of all of them as the last line."""
    document = json.dumps(manifest.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=True)
    body = document.encode() + b"\n"
    return body + hashlib.sha256(body).hexdigest().encode() + b"\n"


def parse(raw: bytes) -> Manifest:
    """Raises BackupError unless the last line is the hash of every byte before it."""
    body, _, end = raw[:-1].rpartition(b"\n")
    if not raw.endswith(b"\n") or hashlib.sha256(body + b"\n").hexdigest().encode() != end:
        raise _damaged("its own hash does not fit")
    try:
        document = json.loads(body)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise _damaged(f"its format is not {FORMAT}, the one this version of platformctl reads")
        return Manifest.model_validate_json(body)
    except (ValidationError, ValueError) as error:
        raise _damaged(str(error).splitlines()[0]) from error


def _damaged(cause: str) -> BackupError:
    return BackupError(
        "the manifest cannot be trusted",
        cause=cause,
        fix="platformctl backup list",
        reference="backup/manifest",
    )
