"""The result of a drill: whether a backup was brought up, in a document that only the key of drills signs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Literal

from platformctl.backends.database.facts import Fact
from platformctl.backends.keys import signing
from platformctl.backends.keys.protocol import Signature
from platformctl.operations import signed

FORMAT = 1
KIND = signed.Kind(
    name="the result",
    purpose=signing.RESULT,
    damaged="drill/result",
    untrusted="drill/signature",
)


class Contract(Fact):
    """How many rows of the public contract were kept, broken, and impossible to judge."""

    passed: int
    failed: int
    unknown: int

    @property
    def asked(self) -> int:
        return self.passed + self.failed + self.unknown


class Drilled(Fact):
    """The backup that was brought up; sizes are in bytes, `data` is the hash of its stored object."""

    id: str
    platform: str
    environment: str
    system_id: str
    data: str
    database_size: int
    plain_size: int
    stored_size: int
    rows: int


class Result(Fact):
    """`at` is when it began, in seconds since the epoch; `seconds` what each section took.

    A restore of the live database is as good a proof, and leaves a result of its own. `secluded` says whether
    there was no way out of the machine. `why` says what failed, '' when nothing did.
    """

    format: Literal[1]
    kind: Literal["drill", "restore"]
    backup: Drilled
    at: float
    made_with: str
    release: str
    secluded: bool
    outcome: Literal["passed", "failed"]
    why: str
    seconds: Mapping[str, float]
    contract: Contract | None

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def render(result: Result, sign: Callable[[bytes], Signature]) -> bytes:
    return signed.render(result, sign)


def parse(raw: bytes, trusted: Collection[str]) -> Result:
    """Raises BackupError unless it is whole and one of `trusted` signed it as the result of a drill."""
    return signed.parse(KIND, Result, raw, trusted)
