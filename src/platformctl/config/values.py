"""The forms that single values take, such as names, hosts and addresses: each function checks one form.

A refusal never repeats the value, because it may be a secret that stands in the wrong place.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

LABEL = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_IPV6 = re.compile(r"\[[0-9a-f:.]{2,45}\]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<host>[A-Za-z0-9.-]+)")
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")  # Bech32, BIP 173
_SIGNER = re.compile(r"ed25519:[A-Za-z0-9+/]{43}=")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
LONGEST = 40


def label(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise ValueError(
            f"must be 1 to {LONGEST} lower-case letters, digits and hyphens, begin with a letter"
            " and not end with a hyphen"
        )
    return text


def as_label(folder: str) -> str:
    """The DNS label nearest to a folder's name; a long name keeps its beginning and a digest of the whole."""
    plain = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not name:
        return "platform"
    if not name[0].isalpha():
        name = f"platform-{name}"
    if len(name) > LONGEST:
        digest = hashlib.sha256(folder.encode(errors="surrogateescape")).hexdigest()[:6]
        name = f"{name[: LONGEST - 7].rstrip('-')}-{digest}"
    return name


def directory(text: str) -> str:
    return _path(text, "a directory")


def file(text: str) -> str:
    return _path(text, "a file")


def _path(text: str, what: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"must be the path of {what}")
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise ValueError("begins with the home of a user who does not exist") from None


def bucket(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise ValueError(
            "must be 3 to 63 lower-case letters, digits, dots and hyphens,"
            " and begin and end with a letter or a digit"
        )
    return text


def word(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word without spaces")
    return text


def host(text: str) -> str:
    lowered = text.lower()
    if not (_HOST.fullmatch(lowered) or _IPV6.fullmatch(lowered)):
        raise ValueError("must be a host name such as api.example.org, without scheme, port or path")
    return lowered


def origin(text: str) -> str:
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or text.lower() != _bare(parts):
        raise ValueError("must be one origin such as https://www.example.org, without path, user or wildcard")
    return text.lower()


def base_url(text: str) -> str:
    parts = _split(text)
    if (
        parts is None
        or parts.scheme not in ("http", "https")
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ValueError("must be an http or https address such as https://www.example.org, without query")
    return text.rstrip("/")


def smtp(text: str) -> str:
    parts = _split(text)
    rest = parts and (parts.path.strip("/") or parts.query or parts.fragment)
    if parts is None or parts.scheme not in ("smtp", "smtps") or rest:
        raise ValueError("must look like smtp://host:port, smtp://user@host:port or smtps://…")
    if parts.password is not None:
        raise ValueError(
            "must not contain a password: remove it here and run platformctl secrets set auth/SMTP_PASSWORD"
        )
    return text.rstrip("/")


def recipient(text: str) -> str:
    if not _RECIPIENT.fullmatch(text):
        raise ValueError("must be an age recipient: age1 and 58 more letters and digits")
    return text


def signer(text: str) -> str:
    if not _SIGNER.fullmatch(text):
        raise ValueError("must be a signer: ed25519: and a public key of 32 bytes in base64")
    return text


def time_of_day(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError('must be a time of the day between "00:00" and "23:59", in quotes')
    return text


def address(text: str) -> str:
    match = _ADDRESS.fullmatch(text)
    if match is None or not _HOST.fullmatch(match["host"].lower()):
        raise ValueError("must be a mail address such as no-reply@example.org")
    return text


def _split(text: str) -> SplitResult | None:
    """The parts of an absolute address with a proper host and port, else None."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        number = parts.port
    except ValueError:
        return None
    name = parts.hostname or ""
    proper = _HOST.fullmatch(name) or _IPV6.fullmatch(f"[{name}]")
    return parts if proper and number != 0 else None


def _bare(parts: SplitResult) -> str:
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")
