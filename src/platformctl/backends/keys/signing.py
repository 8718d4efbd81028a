"""Ed25519 signatures (RFC 8032) of what is said of a backup; a signer's name is its public key."""

from __future__ import annotations

import base64
import binascii

from pydantic import SecretStr

from platformctl.backends.keys.protocol import Signature

PREFIX = "ed25519:"
# The purpose stands before what is signed, so that no signature serves elsewhere.
MANIFEST = b"platformctl backup manifest\n"
RESULT = b"platformctl drill result\n"


def generate() -> SecretStr:
    """A private key in PEM (PKCS #8, not encrypted)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SecretStr(pem.decode())


def sign(private: SecretStr, document: bytes, purpose: bytes = MANIFEST) -> Signature:
    """Raises ValueError when `private` is no Ed25519 key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(private.get_secret_value().encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it is not an Ed25519 key")
    public = key.public_key().public_bytes_raw()
    return Signature(PREFIX + _text(public), _text(key.sign(purpose + document)))


def verifies(signature: Signature, document: bytes, purpose: bytes = MANIFEST) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = base64.b64decode(signature.signer.removeprefix(PREFIX), validate=True)
        value = base64.b64decode(signature.value, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(value, purpose + document)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
