"""The manifest: what a backup says of itself, in a document that its maker signs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Literal

from platformctl.backends.database.facts import Fact, Proof, Properties
from platformctl.backends.keys import signing
from platformctl.backends.keys.protocol import Signature
from platformctl.operations import signed

FORMAT = 2
KIND = signed.Kind(
    name="the manifest",
    purpose=signing.MANIFEST,
    damaged="backup/manifest",
    untrusted="backup/signature",
    unsigned="as in format 1 of earlier versions",
)


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
    age keys open the data. `suspect` says what speaks against it, '' when nothing does. One that is
    `recovered` was made later than the moment that it shows, from the write-ahead log.
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
    recovered: bool = False
    data: Part
    timings: Timings
    properties: Properties
    proof: Proof

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.taken_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def rows(self) -> int:
        return self.proof.rows


def render(manifest: Manifest, sign: Callable[[bytes], Signature]) -> bytes:
    return signed.render(manifest, sign)


def parse(raw: bytes, trusted: Collection[str]) -> Manifest:
    """Raises BackupError unless the hash in the last line fits and one of `trusted` signed."""
    return signed.parse(KIND, Manifest, raw, trusted)
