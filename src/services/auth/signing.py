"""Makes access tokens and publishes the keys that they are checked with."""

from __future__ import annotations

import time
import uuid

from joserfc import jwt
from joserfc.jwk import KeySet

from services.auth.schemas import Identity
from services.common import access_tokens


class Signer:
    """The first key signs; all are published, so that a key can be known everywhere before it signs."""

    def __init__(self, keys: KeySet) -> None:
        self._key = keys.keys[0]
        purpose = {"use": "sig", "alg": access_tokens.ALGORITHM}
        self.published = {"keys": [{**key.as_dict(private=False), **purpose} for key in keys.keys]}

    def access_token(self, user: Identity, session: uuid.UUID, generation: uuid.UUID) -> str:
        now = int(time.time())
        claims = {
            "iss": access_tokens.ISSUER,
            "aud": access_tokens.AUDIENCE,
            "sub": str(user.id),
            "iat": now,
            "nbf": now,
            "exp": now + access_tokens.LIFETIME_SECONDS,
            "jti": str(uuid.uuid4()),
            "typ": access_tokens.KIND,
            "sid": str(session),
            "gen": str(generation),
            "ver": user.version,
            "adm": user.is_superuser,
        }
        header = {"alg": access_tokens.ALGORITHM, "kid": self._key.kid, "typ": access_tokens.HEADER_TYPE}
        return jwt.encode(header, claims, self._key, algorithms=[access_tokens.ALGORITHM])
