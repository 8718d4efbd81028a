"""Certificates made for a test, each with its key beside it, and clients that trust one of them alone."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOOPBACK = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])


@dataclass(frozen=True, slots=True)
class Pair:
    certificate: Path
    key: Path

    def replace(self, other: Pair) -> None:
        """As a renewal does it: each file in one step, the key last."""
        for mine, new in ((self.certificate, other.certificate), (self.key, other.key)):
            copy = mine.with_suffix(".new")
            copy.write_bytes(new.read_bytes())
            copy.replace(mine)

    def variables(self) -> dict[str, str]:
        return {"TLS_CERTIFICATE": str(self.certificate), "TLS_KEY": str(self.key)}


def make(folder: Path, name: str = "gateway", days: tuple[int, int] = (-1, 30)) -> Pair:
    """Signed by itself, for 127.0.0.1; good from and until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin, end = (datetime.now(UTC) + timedelta(days=each) for each in days)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    signed = builder.not_valid_before(begin).not_valid_after(end).add_extension(LOOPBACK, critical=False)
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    pair.certificate.write_bytes(signed.sign(key, SHA256()).public_bytes(Encoding.PEM))
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair


def trusting(pair: Pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pair.certificate)
