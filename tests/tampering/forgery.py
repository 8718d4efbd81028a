"""Manifests and data as an attacker would write them: may change every object, has no signing key."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

from platformctl.backends.keys import signing
from platformctl.backends.keys.protocol import Signature
from platformctl.backends.objects import packing
from platformctl.backends.objects.packing import Packed
from platformctl.operations import manifest
from platformctl.operations.catalogue import DATA, MANIFEST
from tests.tampering.damage import Hit, Method

STRANGER = signing.generate()


def _unknown(document: bytes) -> Signature:
    return signing.sign(STRANGER, document)


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """The body and the line of the signature, both with their ends."""
    *body, signature, _ = raw.splitlines(keepends=True)
    return b"".join(body), signature


def _hashed(signed: bytes) -> bytes:
    return signed + hashlib.sha256(signed).hexdigest().encode() + b"\n"


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, indent=1).encode() + b"\n"


def _other_field(hit: Hit) -> bytes:
    """The body of the manifest with another value somewhere."""
    document = json.loads(_parts(hit.victim.manifest)[0])
    changes: tuple[Callable[[], Any], ...] = (
        lambda: document.update(taken_at=document["taken_at"] + 3600),
        lambda: document.update(sequence=document["sequence"] + 1000),
        lambda: document.update(id=hit.other.id),
        lambda: document.update(suspect="" if document["suspect"] else "shrunken"),
        lambda: document["proof"].update(tables={}),
        lambda: document["proof"]["large_objects"].update(sum="1"),
        lambda: document["properties"].update(owner="auth"),
        lambda: document["properties"].update(roles=[]),
        lambda: document["source"].update(system_id="7"),
        lambda: document["data"].update(sha256="0" * 64),
        lambda: document["data"].update(name="../data"),
        lambda: document.update(more="than it may have"),
        lambda: document.pop("proof"),
    )
    hit.draw.choice(changes)()
    return _written(document)


def _manifest(hit: Hit, raw: bytes) -> None:
    hit.victim.file(MANIFEST).write_bytes(raw)


def other_field(hit: Hit) -> None:
    _manifest(hit, _hashed(_other_field(hit) + _parts(hit.victim.manifest)[1]))


def other_spelling(hit: Hit) -> None:
    """The same document in other bytes, under the old signature."""
    document = json.loads(_parts(hit.victim.manifest)[0])
    body = json.dumps(document, indent=hit.draw.choice((None, 2)), sort_keys=hit.draw.random() < 0.5).encode()
    _manifest(hit, _hashed(body + b"\n" + _parts(hit.victim.manifest)[1]))


def unknown_signer(hit: Hit) -> None:
    body = hit.draw.choice((_parts(hit.victim.manifest)[0], _other_field(hit)))
    signature = _unknown(body)
    _manifest(hit, _hashed(body + f"{signature.signer} {signature.value}\n".encode()))


def borrowed_name(hit: Hit) -> None:
    """The trusted signer's name before a signature by another key."""
    body, line = _parts(hit.victim.manifest)
    signer = line.split()[0]
    _manifest(hit, _hashed(body + signer + b" " + _unknown(body).value.encode() + b"\n"))


def unsigned(hit: Hit) -> None:
    """As format 1 was: the hash alone; or format 2 without the line, or with an empty one."""
    document = json.loads(_parts(hit.victim.manifest)[0])
    document["format"] = hit.draw.choice((1, 2))
    _manifest(hit, _hashed(_written(document) + hit.draw.choice((b"", b"\n", b" \n", b"ed25519: \n"))))


def others_signature(hit: Hit) -> None:
    body = hit.draw.choice((_parts(hit.victim.manifest)[0], _other_field(hit)))
    _manifest(hit, _hashed(body + _parts(hit.other.manifest)[1]))


def others_manifest(hit: Hit) -> None:
    """Of another backup; in a part of the trials its data comes along."""
    _manifest(hit, hit.other.manifest)
    if hit.draw.random() < 0.5:
        hit.victim.file(DATA).write_bytes(hit.other.data)


def other_environment(hit: Hit) -> None:
    """Rightly signed, but of another platform, environment, cluster or moment: as copied from there."""
    place = hit.draw.choice(
        ({"platform": "mine"}, {"environment": "prod"}, {"id": "20200101T000000Z-abcdef"})
    )
    made = hit.victim.parsed.model_copy(update=place)
    _manifest(hit, manifest.render(made, hit.stage.context().backends.keys.sign))


def _repacked(hit: Hit) -> Packed:
    """Other data, encrypted to the backup's own recipients, whose names are no secret."""
    target = io.BytesIO()
    plain = io.BytesIO(hit.draw.choice((b"", hit.stage.archive, hit.stage.archive)))
    packed = packing.pack(plain, target, hit.victim.parsed.recipients)
    hit.victim.file(DATA).write_bytes(target.getvalue())
    return packed


def repacked(hit: Hit) -> None:
    _repacked(hit)


def repacked_and_told(hit: Hit) -> None:
    """The manifest names the new data's hash and its own fits, but the signature is the old one."""
    document = json.loads(_parts(hit.victim.manifest)[0])
    packed = _repacked(hit)
    document["data"].update({name: getattr(packed, name) for name in packed.__slots__})
    _manifest(hit, _hashed(_written(document) + _parts(hit.victim.manifest)[1]))


def repacked_and_signed(hit: Hit) -> None:
    """All of it fits, and a stranger signed it."""
    packed = _repacked(hit)
    data = hit.victim.parsed.data.model_copy(
        update={name: getattr(packed, name) for name in packed.__slots__}
    )
    _manifest(hit, manifest.render(hit.victim.parsed.model_copy(update={"data": data}), _unknown))


FORGERIES: dict[str, Method] = {
    "manifest: another value, old signature": other_field,
    "manifest: the same in other bytes": other_spelling,
    "manifest: signed by a stranger": unknown_signer,
    "manifest: a stranger's signature under a trusted name": borrowed_name,
    "manifest: unsigned": unsigned,
    "manifest: another one's signature": others_signature,
    "manifest: another backup's": others_manifest,
    "manifest: another environment's": other_environment,
    "data encrypted anew": repacked,
    "data encrypted anew, and its hash told": repacked_and_told,
    "data encrypted anew, signed by a stranger": repacked_and_signed,
}
