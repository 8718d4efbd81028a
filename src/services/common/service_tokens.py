"""Tokens that services show each other on /internal routes: short-lived, one key a service."""

from __future__ import annotations

import time
import uuid

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.common.errors import Unauthorized

# What EdDSA with this curve is called since RFC 9864.
ALGORITHM = "Ed25519"
AUDIENCE = "internal"
LIFETIME_SECONDS = 60
# A token that is handed out again must still be good when it arrives.
RENEW_BEFORE_SECONDS = 20
CLOCK_SKEW_SECONDS = 5

_claims = jwt.JWTClaimsRegistry(
    leeway=CLOCK_SKEW_SECONDS,
    aud={"essential": True, "value": AUDIENCE},
    **{name: {"essential": True} for name in ("iss", "iat", "exp", "jti")},
)


class ServiceTokens:
    def __init__(self, service: str, key: OKPKey, known: KeySet) -> None:
        self._service = service
        self._key = key
        self._known = {each.kid: each for each in known.keys if isinstance(each, OKPKey)}
        self._token = ""
        self._renew_at = float("-inf")

    def own(self) -> str:
        """Our token, the same one for most of its life."""
        now = time.time()
        if now >= self._renew_at:
            issued = int(now)
            claims = {
                "iss": self._service,
                "aud": AUDIENCE,
                "iat": issued,
                "exp": issued + LIFETIME_SECONDS,
                "jti": str(uuid.uuid4()),
            }
            header = {"alg": ALGORITHM, "kid": self._service}
            self._token = jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])
            self._renew_at = issued + LIFETIME_SECONDS - RENEW_BEFORE_SECONDS
        return self._token

    def check(self, token: str) -> str:
        """The name of the service that made `token`, or Unauthorized."""
        try:
            key = self._known[jws.extract_compact(token.encode()).headers()["kid"]]
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            _claims.validate(claims)
        except (JoseError, ValueError, TypeError, LookupError):
            raise Unauthorized from None
        # A key vouches for its own service only, and for no longer than agreed.
        if claims["iss"] != key.kid or claims["exp"] - claims["iat"] > LIFETIME_SECONDS:
            raise Unauthorized
        return key.kid
