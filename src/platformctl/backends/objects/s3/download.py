"""One object on its way out of the store, range by range; a range goes on at its last good byte."""

from __future__ import annotations

import io
import re
import time
from typing import Any

from platformctl.backends.objects.s3.attempts import BrokenOffError, attempts, code_of
from platformctl.backends.objects.s3.identity import Identity
from platformctl.backends.objects.s3.limits import Limits
from platformctl.backends.objects.s3.refusals import EXISTS, told
from platformctl.errors import BackupError

CHUNK = 256 * 1024
BEHIND_THE_END = {"InvalidRange", "416"}
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class Download(io.RawIOBase):
    """All ranges are of the object that the first one was of: one that is replaced meanwhile is refused.

    No connection stays open while whoever reads is busy, so none is closed for being idle.
    """

    def __init__(self, reader: Identity, key: str, limits: Limits) -> None:
        self._reader, self._key, self._limits = reader, key, limits
        self._same: dict[str, str] = {}
        self._end: int | None = None
        self._next = 0
        self._window = memoryview(self._fetch())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._window and self._next != self._end:
            self._window = memoryview(self._fetch())
        count = min(len(buffer), len(self._window))
        buffer[:count], self._window = self._window[:count], self._window[count:]
        return count

    def _fetch(self) -> bytearray:
        """The next range, whole; at the end of the object it is shorter."""
        got = bytearray()
        with told(self._reader, f"read the object {self._key}"):
            for attempt in attempts(self._limits.patience, self._limits.wait):
                with attempt:
                    self._go_on(got)
        self._next += len(got)
        return got

    def _go_on(self, got: bytearray) -> None:
        last = self._next + self._limits.window if self._end is None else self._end
        last = min(last, self._next + self._limits.window) - 1
        begin = self._next + len(got)
        answer = self._ask(begin, last)
        if answer is None:
            return
        slow = time.monotonic() + self._limits.window_time
        with answer["Body"] as body:  # its read1 answers with what has come; read would wait for all
            while piece := body.read1(CHUNK):
                got += piece
                if time.monotonic() > slow:
                    raise BrokenOffError(f"{len(got):,} bytes came in {self._limits.window_time:g} s")
        missing = min(last + 1, self._end or 0) - self._next - len(got)
        if missing > 0:
            raise BrokenOffError(f"the answer ended {missing:,} bytes early")
        if missing < 0:
            raise self._other("more bytes came than were asked for")

    def _ask(self, begin: int, last: int) -> dict[str, Any] | None:
        """None when the object is empty, which has no range at all."""
        try:
            answer = self._reader.once(
                "get_object", Key=self._key, Range=f"bytes={begin}-{last}", **self._same
            )
        except _client_error() as error:
            if code_of(error) in EXISTS:
                raise self._other("it was replaced while it was read") from error
            if code_of(error) not in BEHIND_THE_END or self._end is not None:
                raise
            if self._reader.once("head_object", Key=self._key)["ContentLength"] != 0:
                raise
            self._end = 0
            return None
        found = _RANGE.fullmatch(answer.get("ContentRange", f"bytes 0-0/{answer['ContentLength']}"))
        if found is None or int(found[1]) != begin or self._end not in (None, int(found[2])):
            raise self._other("the store sent another range than it was asked for")
        self._end, self._same = int(found[2]), {"IfMatch": answer["ETag"]}
        return answer

    def _other(self, cause: str) -> BackupError:
        return BackupError(
            f"the object {self._key} cannot be read as one",
            cause=cause,
            fix="platformctl backup verify --all",
            reference="objects/changed",
        )


def _client_error() -> type[Exception]:
    from botocore.exceptions import ClientError

    return ClientError
