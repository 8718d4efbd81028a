from __future__ import annotations

import io
import os
import random

import pytest

from platformctl.backends.objects import packing
from platformctl.errors import BackupError

PLAIN = random.Random(1).randbytes(3_000_000) + b"\0" * 3_000_000


def test_unpacking_gives_back_what_was_packed_and_the_same_counts() -> None:
    target, plain = io.BytesIO(), io.BytesIO()
    made = packing.pack(io.BytesIO(PLAIN), target)
    assert packing.unpack(io.BytesIO(target.getvalue()), plain) == made
    assert plain.getvalue() == PLAIN
    assert packing.digest(io.BytesIO(target.getvalue())) == (made.size, made.sha256)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 100, 1_000_000, -5, -1])
def test_a_cut_stream_never_has_the_counts_of_the_whole_one(length: int) -> None:
    target = io.BytesIO()
    made = packing.pack(io.BytesIO(PLAIN), target)
    found = packing.unpack(io.BytesIO(target.getvalue()[:length]), None)
    assert found.size < made.size
    assert found.sha256 != made.sha256


def test_bytes_behind_the_end_are_noticed() -> None:
    target = io.BytesIO()
    packing.pack(io.BytesIO(PLAIN), target)
    with pytest.raises(BackupError):
        packing.unpack(io.BytesIO(target.getvalue() + b"more"), None)


def test_what_is_no_zstd_is_told_in_our_words() -> None:
    with pytest.raises(BackupError) as raised:
        packing.unpack(io.BytesIO(b"PGDMP" * 100), None)
    assert raised.value.reference == "backup/damaged"


def test_a_bomb_is_unpacked_in_pieces() -> None:
    """200 MB of zeros take 20 kB: whoever unpacks them at once needs the 200 MB."""
    target = io.BytesIO()
    with open("/dev/zero", "rb") as zeros:

        class Limited(io.RawIOBase):
            left = 200_000_000

            def read(self, size: int = -1) -> bytes:
                size = min(size, self.left)
                self.left -= size
                return zeros.read(size)

        packing.pack(Limited(), target)

    class Widest(io.RawIOBase):
        widest = 0

        def write(self, data: bytes) -> int:
            self.widest = max(self.widest, len(data))
            return len(data)

    widest = Widest()
    packing.unpack(io.BytesIO(target.getvalue()), widest)
    assert 0 < widest.widest <= packing.CHUNK
    assert os.sysconf("SC_PAGE_SIZE") < widest.widest
