"""Forged tokens differ from good ones in the one thing that they are named after."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet, RSAKey

from platformctl.operations.abuse.forging import Forge, _decoded

KEY = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
CLAIMS = {"sub": "ada", "exp": int(time.time()) + 900, "aud": "platform"}
TOKEN = jwt.encode({"alg": "RS256", "kid": "k1", "typ": "at+jwt"}, CLAIMS, KEY)
PUBLISHED = {"keys": [KEY.as_dict(private=False)]}
REAL = json.dumps({"keys": [KEY.as_dict(private=True)]})


def opened(token: str) -> dict[str, object]:
    return dict(jwt.decode(token, KeySet([KEY]), algorithms=["RS256"]).claims)


def test_with_the_real_key_only_the_claims_are_wrong() -> None:
    forge = Forge(TOKEN, PUBLISHED, REAL)
    assert opened(forge.rightly()) == CLAIMS
    assert opened(forge.rightly(aud="internal")) == CLAIMS | {"aud": "internal"}
    assert "exp" not in opened(forge.rightly(without="exp"))


def test_without_it_another_key_signs() -> None:
    forge = Forge(TOKEN, PUBLISHED)
    for token in (forge.rightly(), forge.by_own_key(), forge.by_embedded_key()):
        with pytest.raises(BadSignatureError):
            opened(token)


def test_an_embedded_key_verifies_what_it_came_with() -> None:
    token = Forge(TOKEN, PUBLISHED).by_embedded_key(kid="embedded")
    jwk = json.loads(_decoded(token.split(".")[0]))["jwk"]
    assert dict(jwt.decode(token, RSAKey.import_key(jwk), algorithms=["RS256"]).claims) == CLAIMS


def test_an_unsigned_token_keeps_its_claims() -> None:
    head, claims, signature = Forge(TOKEN, PUBLISHED).with_signature(b"", alg="none").split(".")
    assert json.loads(_decoded(head))["alg"] == "none"
    assert json.loads(_decoded(claims)) == CLAIMS
    assert signature == ""


def test_the_published_key_is_used_as_a_secret_in_every_form() -> None:
    forge = Forge(TOKEN, PUBLISHED)
    assert any(each.startswith(b"-----BEGIN PUBLIC KEY") for each in forge.public_texts)
    for secret in forge.public_texts:
        text, _, signature = forge.by_secret(secret).rpartition(".")
        assert _decoded(signature) == hmac.digest(secret, text.encode(), hashlib.sha256)
