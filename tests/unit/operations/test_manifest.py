from __future__ import annotations

import pytest

from platformctl.backends.database.facts import Counter, Extension, Proof, Properties, Rows, View
from platformctl.errors import BackupError
from platformctl.operations import manifest
from platformctl.operations.manifest import Manifest, Part, Source

MADE = Manifest(
    format=1,
    id="20260102T030405Z-abcdef",
    platform="shop",
    environment="local",
    taken_at=1767323045.25,
    made_with="0.1.0",
    source=Source(system_id="77", major=16, version="16.14", name="platform", size=1000),
    data=Part(name="data.pgc.zst", size=10, sha256="a" * 64, plain_size=20, plain_sha256="b" * 64),
    properties=Properties(
        owner="platform",
        encoding="UTF8",
        collate="C",
        ctype="C",
        access=("platform=CTc/platform",),
        settings=("timezone=UTC",),
        role_settings={"items": ("search_path=items",)},
        roles=("items", "platform"),
        extensions=(Extension(name="plpgsql", version="1.0"),),
    ),
    proof=Proof(
        tables={"items.\u00e4": Rows(count=3, sum="-12345678901234567890")},
        views={"items.v": View(rows=None, stale=False)},
        sequences={"items.s": Counter(before=1, after=2, step=1)},
        large_objects=Rows(count=0, sum="0"),
        schema_text="c" * 64,
    ),
)
RAW = manifest.render(MADE)


def test_what_was_written_reads_back_the_same() -> None:
    assert manifest.parse(RAW) == MADE


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_a_flip_of_any_byte_is_noticed(bit: int) -> None:
    for offset in range(len(RAW)):
        flipped = RAW[:offset] + bytes([RAW[offset] ^ bit]) + RAW[offset + 1 :]
        with pytest.raises(BackupError, match="cannot be trusted"):
            manifest.parse(flipped)


def test_a_cut_at_any_length_is_noticed() -> None:
    for length in range(len(RAW)):
        with pytest.raises(BackupError, match="cannot be trusted"):
            manifest.parse(RAW[:length])


@pytest.mark.parametrize("extra", [b"\n", b" ", b"\0", RAW])
def test_bytes_behind_the_end_are_noticed(extra: bytes) -> None:
    with pytest.raises(BackupError):
        manifest.parse(RAW + extra)


def test_a_manifest_of_another_format_is_refused_even_with_a_fitting_hash() -> None:
    with pytest.raises(BackupError) as raised:
        manifest.parse(manifest.render(MADE.model_copy(update={"format": 2})))
    assert "format is not 1" in raised.value.cause


def test_an_unknown_field_is_refused_even_with_a_fitting_hash() -> None:
    class Later(Manifest):
        encrypted_for: str = "somebody"

    with pytest.raises(BackupError):
        manifest.parse(manifest.render(Later(**dict(MADE))))
