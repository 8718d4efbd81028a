"""Whether the certificate that the configuration names can be served, asked by verbs that start the gateway.

Nothing of the files' content is told.
"""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from platformctl.config.document import content
from platformctl.config.problems import Keys, Place, Problem, refuse
from platformctl.config.schema import PlatformConfig

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

CERTIFICATE, KEY = ("gateway", "tls", "certificate"), ("gateway", "tls", "key")


class UnfitError(Exception):
    """One of the two files cannot be used; the message goes on from the setting's name."""


def check(config: PlatformConfig, environment: str) -> None:
    """Raises ConfigError, before anything is started with the pair."""
    refuse(problems(config, {}), environment)


def problems(config: PlatformConfig, places: Mapping[Keys, Place]) -> list[Problem]:
    tls = config.gateway.tls
    if tls.certificate is None or tls.key is None:
        return []
    found = _unfit(Path(tls.certificate), Path(tls.key))
    return [Problem(places.get(path, Place("")), path, sentence) for path, sentence in found]


def _unfit(certificate: Path, key: Path) -> Iterator[tuple[Keys, str]]:
    shown = kept = None
    try:
        shown = _certificate(certificate)
    except UnfitError as error:
        yield CERTIFICATE, str(error)
    try:
        kept = _public_half(key)
    except UnfitError as error:
        yield KEY, str(error)
    if shown is None or kept is None:
        return
    if shown.public_key() != kept:
        yield KEY, "does not belong to gateway.tls.certificate, whose first certificate has another key"
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        yield CERTIFICATE, f"cannot be used: OpenSSL says {error.reason}"


def _certificate(path: Path) -> x509.Certificate:
    """The first of the file, which is the gateway's own."""
    from cryptography import x509

    raw = _read(path)
    try:
        first = x509.load_pem_x509_certificates(raw)[0]
    except ValueError:
        raise UnfitError("holds no certificate in PEM") from None
    now = datetime.now(UTC)
    if now > first.not_valid_after_utc:
        raise UnfitError(f"expired on {first.not_valid_after_utc:%Y-%m-%d %H:%M} UTC: renew it")
    if now < first.not_valid_before_utc:
        raise UnfitError(f"is not valid before {first.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
    return first


def _public_half(path: Path) -> PublicKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    raw = _read(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UnfitError("can be read by others: chmod 600 the file")
    try:
        return load_pem_private_key(raw, None).public_key()
    except TypeError:
        raise UnfitError("is encrypted, and the gateway has no password for it") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnfitError("holds no private key in PEM") from None


def _read(path: Path) -> bytes:
    try:
        return content(path)
    except OSError as error:
        raise UnfitError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UnfitError(f"cannot be read: {error}") from None
