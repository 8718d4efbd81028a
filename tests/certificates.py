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
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

NAME = x509.IPAddress(ip_address("127.0.0.1"))


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


def make(
    folder: Path, name: str = "gateway", days: tuple[int, int] = (-1, 30), authority: Pair | None = None
) -> Pair:
    """Signed by itself or by `authority`, whose certificate then follows; good from and until those days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin, end = (datetime.now(UTC) + timedelta(days=each) for each in days)
    above = authority.certificate.read_bytes() if authority else b""
    issuer = x509.load_pem_x509_certificate(above).subject if above else subject
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(ca=not above, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([NAME]), critical=False)
    signer = load_pem_private_key(authority.key.read_bytes(), None) if authority else key
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    pair.certificate.write_bytes(builder.sign(signer, SHA256()).public_bytes(Encoding.PEM) + above)
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair


def trusting(pair: Pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pair.certificate)
