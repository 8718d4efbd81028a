"""Compresses and decompresses a stream in constant memory, counting and hashing both sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from platformctl.errors import BackupError

CHUNK = 1024 * 1024
LEVEL = 3


@dataclass(frozen=True, slots=True)
class Packed:
    """Sizes are in bytes; `size` and `sha256` are of the compressed side."""

    size: int
    sha256: str
    plain_size: int
    plain_sha256: str


class _Counted:
    """Passes bytes on to `target`, when there is one, and remembers how many and which."""

    def __init__(self, target: BinaryIO | None) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        if self._target is not None:
            self._target.write(data)
        return len(data)


class _CountedSource:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.counted = _Counted(None)

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.counted.write(data)
        return data


def pack(source: BinaryIO, target: BinaryIO) -> Packed:
    import zstandard

    packed, plain = _Counted(target), _Counted(None)
    compressor = zstandard.ZstdCompressor(level=LEVEL, threads=-1, write_checksum=True)
    with compressor.stream_writer(packed, closefd=False) as writer:  # type: ignore[arg-type]
        while chunk := source.read(CHUNK):
            plain.write(chunk)
            writer.write(chunk)
    return Packed(packed.size, packed.sha256, plain.size, plain.sha256)


def unpack(source: BinaryIO, target: BinaryIO | None) -> Packed:
    """Raises BackupError when the stream is no zstd; a cut stream ends early and shows in the counts."""
    import zstandard

    packed, plain = _CountedSource(source), _Counted(target)
    reader = zstandard.ZstdDecompressor().stream_reader(packed, closefd=False)  # type: ignore[arg-type]
    try:
        while chunk := reader.read(CHUNK):
            plain.write(chunk)
    except zstandard.ZstdError as error:
        raise BackupError(
            "the stored data cannot be decompressed",
            cause=str(error),
            fix="platformctl backup verify --all",
            reference="backup/damaged",
        ) from error
    while packed.read(CHUNK):  # whatever stands behind the end belongs to the object's hash
        continue
    return Packed(packed.counted.size, packed.counted.sha256, plain.size, plain.sha256)


def digest(source: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of a stream."""
    counted = _Counted(None)
    while chunk := source.read(CHUNK):
        counted.write(chunk)
    return counted.size, counted.sha256
