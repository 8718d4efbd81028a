"""Signed documents beside a backup: who said it, and how a single changed byte is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar, get_args

from pydantic import ValidationError

from platformctl.backends.database.facts import Fact
from platformctl.backends.keys import signing
from platformctl.backends.keys.protocol import Signature
from platformctl.errors import BackupError

T = TypeVar("T", bound=Fact)


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` is what errors call it, `purpose` what its signature is for; then two references of errors.

    `unsigned` says which documents of this kind may honestly carry no signature.
    """

    name: str
    purpose: bytes
    damaged: str
    untrusted: str
    unsigned: str = ""


def render(document: Fact, sign: Callable[[bytes], Signature]) -> bytes:
    """The bytes of a document, then a line with the signature of them, then the hash of all before it."""
    text = json.dumps(document.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=True)
    body = text.encode() + b"\n"
    signature = sign(body)
    signed = body + f"{signature.signer} {signature.value}\n".encode()
    return signed + hashlib.sha256(signed).hexdigest().encode() + b"\n"


def parse(kind: Kind, model: type[T], raw: bytes, trusted: Collection[str]) -> T:
    """Raises BackupError unless the hash in the last line fits and one of `trusted` signed.

    `model` has a field `format` with the one number that is read.
    """
    signed, _, end = raw[:-1].rpartition(b"\n")
    if not raw.endswith(b"\n") or hashlib.sha256(signed + b"\n").hexdigest().encode() != end:
        raise _damaged(kind, "its own hash does not fit")
    body, _, line = signed.rpartition(b"\n")
    _require_signed(kind, body + b"\n", line.decode(errors="replace"), trusted)
    (number,) = get_args(model.model_fields["format"].annotation)
    try:
        document = json.loads(body)
        if not isinstance(document, dict) or document.get("format") != number:
            raise _damaged(kind, f"its format is not {number}, the one this version of platformctl reads")
        return model.model_validate_json(body)
    except (ValidationError, ValueError) as error:
        raise _damaged(kind, str(error).splitlines()[0]) from error


def _require_signed(kind: Kind, body: bytes, line: str, trusted: Collection[str]) -> None:
    signer, _, value = line.partition(" ")
    if not signer.startswith(signing.PREFIX):
        raise _untrusted(kind, ", ".join(filter(None, ("it carries no signature", kind.unsigned))))
    if not signing.verifies(Signature(signer, value), body, kind.purpose):
        raise _untrusted(kind, "its signature is of something else")
    if signer not in trusted:
        raise _untrusted(kind, f"its signer is {signer}, and {_named(trusted)}")


def _named(trusted: Collection[str]) -> str:
    return f"trusted here: {', '.join(sorted(trusted))}" if trusted else "nobody is trusted here yet"


def _untrusted(kind: Kind, cause: str) -> BackupError:
    return BackupError(
        f"{kind.name} is not signed by anybody who is trusted here",
        cause=cause,
        fix="platformctl backup key",
        reference=kind.untrusted,
    )


def _damaged(kind: Kind, cause: str) -> BackupError:
    return BackupError(
        f"{kind.name} cannot be trusted", cause=cause, fix="platformctl backup list", reference=kind.damaged
    )
