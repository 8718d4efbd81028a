from __future__ import annotations

import io
import os
import random

import pyrage
import pytest
from pydantic import SecretStr

from platformctl.backends.objects import packing
from platformctl.errors import BackupError, ConfigError
from tests.failures import told

IDENTITY = pyrage.x25519.Identity.generate()
IDENTITIES = [SecretStr(str(IDENTITY))]
RECIPIENTS = [str(IDENTITY.to_public())]
PLAIN = random.Random(1).randbytes(3_000_000) + b"\0" * 3_000_000


def test_unpacking_gives_back_what_was_packed_and_the_same_counts() -> None:
    target, plain = io.BytesIO(), io.BytesIO()
    made = packing.pack(io.BytesIO(PLAIN), target, RECIPIENTS)
    assert packing.unpack(io.BytesIO(target.getvalue()), plain, IDENTITIES) == made
    assert plain.getvalue() == PLAIN
    assert packing.digest(io.BytesIO(target.getvalue())) == (made.size, made.sha256)


def packed() -> bytes:
    target = io.BytesIO()
    packing.pack(io.BytesIO(PLAIN), target, RECIPIENTS)
    return target.getvalue()


def refused(stored: bytes, identities: list[SecretStr] = IDENTITIES) -> str:
    with pytest.raises(BackupError) as raised:
        packing.unpack(io.BytesIO(stored), io.BytesIO(), identities)
    return raised.value.reference


@pytest.mark.parametrize("length", [0, 1, 3, 4, 100, 200, 1_000_000, -65_552, -17, -16, -5, -1])
def test_a_cut_stream_is_refused(length: int) -> None:
    assert refused(packed()[:length]) == "backup/damaged"


def test_a_flip_anywhere_is_refused() -> None:
    stored, seeded = packed(), random.Random(3)
    for offset in [*range(0, 400, 7), *(seeded.randrange(len(stored)) for _ in range(20))]:
        flipped = stored[:offset] + bytes([stored[offset] ^ 1 << seeded.randrange(8)]) + stored[offset + 1 :]
        assert refused(flipped) in ("backup/damaged", "backup/key")


def test_two_chunks_that_changed_places_are_refused() -> None:
    stored, chunk = packed(), 64 * 1024 + 16
    head = len(stored) % chunk or chunk
    first, second = stored[head : head + chunk], stored[head + chunk : head + 2 * chunk]
    assert first != second
    assert refused(stored[:head] + second + first + stored[head + 2 * chunk :]) == "backup/damaged"


def test_another_key_is_told_as_that() -> None:
    other = SecretStr(str(pyrage.x25519.Identity.generate()))
    assert refused(packed(), [other]) == "backup/key"
    assert packing.unpack(io.BytesIO(packed()), None, [other, *IDENTITIES]).plain_size == len(PLAIN)


def test_every_recipient_alone_opens_it() -> None:
    target, other = io.BytesIO(), pyrage.x25519.Identity.generate()
    packing.pack(io.BytesIO(PLAIN), target, [*RECIPIENTS, str(other.to_public())])
    for each in (IDENTITY, other):
        plain = io.BytesIO()
        packing.unpack(io.BytesIO(target.getvalue()), plain, [SecretStr(str(each))])
        assert plain.getvalue() == PLAIN


def test_what_the_source_or_the_target_raises_arrives_as_it_is() -> None:
    class Failing(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            raise KeyboardInterrupt

        def write(self, _data: object) -> int:
            raise BrokenPipeError(32, "gone")

    with pytest.raises(KeyboardInterrupt):
        packing.pack(Failing(), io.BytesIO(), RECIPIENTS)
    with pytest.raises(BrokenPipeError):
        packing.pack(io.BytesIO(PLAIN), Failing(), RECIPIENTS)
    with pytest.raises(BrokenPipeError):
        packing.unpack(io.BytesIO(packed()), Failing(), IDENTITIES)
    with pytest.raises(KeyboardInterrupt):
        packing.unpack(Failing(), None, IDENTITIES)


@pytest.mark.parametrize("accepted", [0, 1, 2])
@pytest.mark.parametrize("kind", ["random", "rows", "zeros"])
@pytest.mark.parametrize("size", [150_000, 400_000, 3_000_000])
def test_a_target_that_failed_is_left_alone_and_its_failure_is_what_is_told(
    kind: str, size: int, accepted: int
) -> None:
    """age writes once more after a failure: the decompressor, out of step by then, must not be heard."""
    seeded = random.Random(size)
    rows = b"".join(b"%d\titem %d\t%d\n" % (n, n, seeded.getrandbits(60)) for n in range(size // 30))
    plain = {"random": seeded.randbytes(size), "rows": rows, "zeros": b"\0" * size}[kind]
    stored = io.BytesIO()
    packing.pack(io.BytesIO(plain), stored, RECIPIENTS)

    class Ending(io.RawIOBase):
        asked = failed = 0

        def write(self, data: bytes) -> int:
            self.asked += 1
            if self.asked > accepted:
                self.failed += 1
                raise BrokenPipeError(32, "the program has ended")
            return len(data)

    target = Ending()
    try:
        packing.unpack(io.BytesIO(stored.getvalue()), target, IDENTITIES)
        assert target.failed == 0  # it needed no more than it was given
    except BrokenPipeError:
        assert target.failed == 1


def test_what_is_no_recipient_is_told() -> None:
    with pytest.raises(ConfigError, match="which is no age recipient"):
        packing.pack(io.BytesIO(PLAIN), io.BytesIO(), ["age1" + "q" * 58])


def test_bytes_behind_the_end_are_noticed() -> None:
    target = io.BytesIO()
    packing.pack(io.BytesIO(PLAIN), target, RECIPIENTS)
    with pytest.raises(BackupError):
        packing.unpack(io.BytesIO(target.getvalue() + b"more"), None, IDENTITIES)


def test_what_is_no_zstd_is_told_in_our_words() -> None:
    with pytest.raises(BackupError) as raised:
        packing.unpack(io.BytesIO(pyrage.encrypt(b"PGDMP" * 100, [IDENTITY.to_public()])), None, IDENTITIES)
    told(4, raised.value)


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

        packing.pack(Limited(), target, RECIPIENTS)

    class Widest(io.RawIOBase):
        widest = 0

        def write(self, data: bytes) -> int:
            self.widest = max(self.widest, len(data))
            return len(data)

    widest = Widest()
    packing.unpack(io.BytesIO(target.getvalue()), widest, IDENTITIES)
    assert 0 < widest.widest <= packing.CHUNK
    assert os.sysconf("SC_PAGE_SIZE") < widest.widest
