"""Makes tokens that nobody should accept: with what is public, with keys of one's own, or rightly signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Forge:
    """`token` is a good one, `published` the public key set, `signing` the private one where it is known."""

    token: str
    published: Part
    signing: str = ""

    @cached_property
    def header(self) -> dict[str, Any]:
        return _read(self.token, 0)

    @cached_property
    def claims(self) -> dict[str, Any]:
        return _read(self.token, 1)

    @property
    def has_real_key(self) -> bool:
        return bool(self.signing)

    def with_signature(self, signature: bytes, **header: Any) -> str:
        return f"{self._text(self.header | header, self.claims)}.{_coded(signature)}"

    def by_secret(self, secret: bytes, **header: Any) -> str:
        text = self._text({**self.header, "alg": "HS256", **header}, self.claims)
        return f"{text}.{_coded(hmac.digest(secret, text.encode(), hashlib.sha256))}"

    def by_own_key(self, **header: Any) -> str:
        return self._signed(self._own_key, self.header | header, self.claims)

    def rightly(self, without: str = "", **claims: Any) -> str:
        """By the platform's own key where it is known, so that only the claims are wrong."""
        changed = {name: value for name, value in (self.claims | claims).items() if name != without}
        return self._signed(self._real_key or self._own_key, self.header, changed)

    def retyped(self, kind: str) -> str:
        return self._signed(self._real_key or self._own_key, self.header | {"typ": kind}, self.claims)

    def by_embedded_key(self, **header: Any) -> str:
        """A small key: a head that is too long would be refused for that."""
        numbers = self._small_key.public_key().public_numbers()
        modulus = _coded(numbers.n.to_bytes(numbers.n.bit_length() // 8, "big"))
        jwk = {"kty": "RSA", "n": modulus, "e": "AQAB"}
        return self._signed(self._small_key, self.header | {"jwk": jwk} | header, self.claims)

    @property
    def public_texts(self) -> tuple[bytes, ...]:
        """What a careless verifier may take for the secret of an HMAC: forms of the published key."""
        from cryptography.hazmat.primitives import serialization as forms
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

        jwk = next(each for each in self.published["keys"] if each.get("kid") == self.header.get("kid"))
        numbers = (int.from_bytes(_decoded(jwk[name]), "big") for name in ("e", "n"))
        key = RSAPublicNumbers(*numbers).public_key()
        kinds = (forms.PublicFormat.SubjectPublicKeyInfo, forms.PublicFormat.PKCS1)
        pems = [key.public_bytes(forms.Encoding.PEM, kind) for kind in kinds]
        return (*pems, *(each.rstrip() for each in pems), json.dumps(jwk).encode(), _decoded(jwk["n"]))

    @cached_property
    def _own_key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def _small_key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(65537, 1024)

    @cached_property
    def _real_key(self) -> Any:
        if not self.signing:
            return None
        from joserfc.jwk import KeySet

        keys = KeySet.import_key_set(json.loads(self.signing)).keys
        return next((each.private_key for each in keys if each.kid == self.header.get("kid")), None)

    def _signed(self, key: Any, header: Part, claims: Part) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        text = self._text(header, claims)
        return f"{text}.{_coded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"

    @staticmethod
    def _text(header: Part, claims: Part) -> str:
        return ".".join(_coded(json.dumps(each).encode()) for each in (header, claims))


def _read(token: str, place: int) -> dict[str, Any]:
    return dict(json.loads(_decoded(token.split(".")[place])))


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
