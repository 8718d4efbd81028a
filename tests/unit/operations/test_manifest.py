from __future__ import annotations

import base64
import hashlib
from functools import partial

import pytest
from pydantic import SecretStr

from platformctl.backends.database.facts import Counter, Extension, Proof, Properties, Rows, View
from platformctl.backends.keys import signing
from platformctl.errors import BackupError
from platformctl.operations import manifest
from platformctl.operations.manifest import Manifest, Part, Source, Timings

MADE = Manifest(
    format=2,
    id="20260102T030405Z-abcdef",
    sequence=7,
    platform="shop",
    environment="local",
    taken_at=1767323045.25,
    made_with="0.1.0",
    source=Source(system_id="77", major=16, version="16.14", name="platform", size=1000),
    recipients=("age1example",),
    timings=Timings(proof=1.0, dump=2.0, check=0.5),
    data=Part(name="data.pgc.zst.age", size=10, sha256="a" * 64, plain_size=20, plain_sha256="b" * 64),
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
KEY, OTHER = signing.generate(), signing.generate()
TRUSTED = (signing.sign(KEY, b"").signer,)


def render(made: Manifest, key: SecretStr = KEY) -> bytes:
    return manifest.render(made, partial(signing.sign, key))


RAW = render(MADE)


def hashed(signed: bytes) -> bytes:
    return signed + hashlib.sha256(signed).hexdigest().encode() + b"\n"


def refused(raw: bytes) -> BackupError:
    with pytest.raises(BackupError) as raised:
        manifest.parse(raw, TRUSTED)
    return raised.value


def test_what_was_written_reads_back_the_same() -> None:
    assert manifest.parse(RAW, TRUSTED) == MADE


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_a_flip_of_any_byte_is_noticed(bit: int) -> None:
    for offset in range(len(RAW)):
        flipped = RAW[:offset] + bytes([RAW[offset] ^ bit]) + RAW[offset + 1 :]
        assert refused(flipped).reference == "backup/manifest"


def test_a_cut_at_any_length_is_noticed() -> None:
    for length in range(len(RAW)):
        assert refused(RAW[:length]).reference == "backup/manifest"


@pytest.mark.parametrize("extra", [b"\n", b" ", b"\0", RAW])
def test_bytes_behind_the_end_are_noticed(extra: bytes) -> None:
    refused(RAW + extra)


def test_a_forged_byte_with_a_fitting_hash_is_noticed_by_the_signature() -> None:
    body, line, _ = RAW.rsplit(b"\n", 3)[0], RAW.rsplit(b"\n", 3)[1], None
    forged = body.replace(b'"count": 3', b'"count": 4')
    assert forged != body
    assert refused(hashed(forged + b"\n" + line + b"\n")).reference == "backup/signature"


def test_another_signer_is_named_and_refused() -> None:
    error = refused(render(MADE, OTHER))
    assert error.reference == "backup/signature"
    assert signing.sign(OTHER, b"").signer in error.cause
    assert TRUSTED[0] in error.cause


def test_the_right_name_before_another_signers_signature_is_refused() -> None:
    body, line = render(MADE, OTHER).rsplit(b"\n", 3)[:2]
    forged = body + b"\n" + TRUSTED[0].encode() + b" " + line.split(b" ")[1] + b"\n"
    assert refused(hashed(forged)).reference == "backup/signature"


def test_an_unsigned_manifest_is_refused_as_that() -> None:
    body = RAW.rsplit(b"\n", 3)[0] + b"\n"
    error = refused(hashed(body))
    assert error.reference == "backup/signature"
    assert "no signature" in error.cause


def test_a_signature_of_the_same_bytes_for_another_purpose_is_refused() -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    body = RAW.rsplit(b"\n", 3)[0] + b"\n"
    bare = load_pem_private_key(KEY.get_secret_value().encode(), None).sign(body)
    line = f"{TRUSTED[0]} {base64.b64encode(bare).decode()}\n".encode()
    assert refused(hashed(body + line)).reference == "backup/signature"


def test_without_anybody_to_trust_nothing_is_believed() -> None:
    with pytest.raises(BackupError, match="not signed by anybody"):
        manifest.parse(RAW, ())


def test_a_manifest_of_another_format_is_refused_even_when_signed() -> None:
    assert "format is not 2" in refused(render(MADE.model_copy(update={"format": 3}))).cause


def test_an_unknown_field_is_refused_even_when_signed() -> None:
    class Later(Manifest):
        encrypted_for: str = "somebody"

    assert refused(render(Later(**dict(MADE)))).reference == "backup/manifest"
