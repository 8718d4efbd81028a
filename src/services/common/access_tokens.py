"""Access tokens as every service checks them, without a call on the hot path; only auth makes them."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from services.common.errors import Unauthorized, Unavailable
from services.common.keys import PublicKeys
from services.common.revocations import RevocationView

ALGORITHM = "RS256"
ISSUER = "auth"
AUDIENCE = "platform"
KIND = "access"
HEADER_TYPE = "at+jwt"
LIFETIME_SECONDS = 15 * 60
CLOCK_SKEW_SECONDS = 5
LONGEST_TOKEN = 8192
MOST_KEPT = 10_000

_claims = jwt.JWTClaimsRegistry(
    leeway=CLOCK_SKEW_SECONDS,
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    typ={"essential": True, "value": KIND},
    **{name: {"essential": True} for name in ("sub", "exp", "nbf", "iat", "jti", "sid", "gen", "ver")},
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as their token and the revocations tell."""

    id: uuid.UUID
    is_superuser: bool
    token_id: str
    session_id: str
    token_expires_at: int


class AccessTokens:
    """A signature is checked once for each token and key; what can change is looked at each time."""

    def __init__(self, keys: PublicKeys, view: RevocationView) -> None:
        self.keys = keys
        self.view = view
        self._signed: dict[str, tuple[RSAKey, dict]] = {}

    async def check(self, token: str) -> Caller:
        """Raises Unauthorized, or Unavailable when revocations have not been heard of for too long."""
        claims = await self._verified(token)
        if claims["gen"] != self.view.generation:
            # Either void or newer than our last pull.
            await self.view.pull()
        if self.view.stale:
            raise Unavailable("Sign-in state cannot be checked at the moment, try again")
        return self._judged(claims)

    async def _verified(self, token: str) -> dict:
        if len(token) > LONGEST_TOKEN:
            raise Unauthorized
        if known := self._signed.get(token):
            key, claims = known
            if claims["exp"] + CLOCK_SKEW_SECONDS > time.time() and self.keys.current(key):
                return claims
        try:
            header = jws.extract_compact(token.encode()).headers()
            key_id = header.get("kid")
            key = await self.keys.find(key_id) if isinstance(key_id, str) else None
            if key is None or header.get("alg") != ALGORITHM or header.get("typ") != HEADER_TYPE:
                raise Unauthorized
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            _claims.validate(claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Unauthorized from None
        if len(self._signed) >= MOST_KEPT:
            self._signed.clear()  # seldom, and cheaper than keeping an order
        self._signed[token] = (key, claims)
        return claims

    def _judged(self, claims: dict) -> Caller:
        try:
            user = uuid.UUID(claims["sub"])
            token_id, session_id = str(claims["jti"]), str(claims["sid"])
            version, superuser = int(claims["ver"]), claims.get("adm") is True
        except (ValueError, TypeError, AttributeError):
            raise Unauthorized from None
        if claims["gen"] != self.view.generation or self.view.revoked(token_id, session_id):
            raise Unauthorized
        if change := self.view.account(str(user)):
            if version < change.epoch and token_id != change.spared:
                raise Unauthorized
            if version < change.version:
                superuser = change.is_superuser
        return Caller(user, superuser, token_id, session_id, int(claims["exp"]))
