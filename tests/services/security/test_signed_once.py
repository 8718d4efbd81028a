"""A token whose signature was checked before is still judged by all that can change."""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from services.common import access_tokens
from services.common.access_tokens import AccessTokens
from services.common.errors import Unauthorized
from services.common.keys import PublicKeys
from services.common.revocations import Feed, RevocationView, RevokedId

GENERATION = str(uuid.uuid4())


class Issuer:
    """What auth publishes, as lists that a test changes."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.published = [self.key]
        self.revoked: list[RevokedId] = []
        self.access = AccessTokens(PublicKeys(self._keys), RevocationView(self._feed))

    async def _keys(self) -> dict:
        return KeySet(self.published).as_dict(private=False)

    async def _feed(self, generation: str | None, sequence: int) -> Feed:
        number = len(self.revoked)
        return Feed(generation=GENERATION, sequence=number, complete=True, accounts=[], revoked=self.revoked)

    def token(self, expires_in: float = 60) -> str:
        now = int(time.time())
        claims = {"iss": "auth", "aud": "platform", "typ": "access", "sub": str(uuid.uuid4()), "ver": 1}
        claims |= {"iat": now - 100, "nbf": now - 100, "exp": now + expires_in, "gen": GENERATION}
        claims |= {"jti": "the-token", "sid": str(uuid.uuid4())}
        header = {"alg": "RS256", "kid": "one", "typ": "at+jwt"}
        return jwt.encode(header, claims, self.key, algorithms=["RS256"])


@pytest.fixture
async def issuer() -> Issuer:
    made = Issuer()
    await made.access.keys.read()
    await made.access.view.pull()
    return made


async def test_a_token_whose_key_is_not_published_any_more_is_refused(issuer: Issuer) -> None:
    token = issuer.token()
    assert await issuer.access.check(token)
    issuer.published = [RSAKey.generate_key(2048, {"kid": "two"})]
    await issuer.access.keys.read()
    with pytest.raises(Unauthorized):
        await issuer.access.check(token)


async def test_a_token_whose_key_was_replaced_under_its_name_is_refused(issuer: Issuer) -> None:
    token = issuer.token()
    assert await issuer.access.check(token)
    issuer.published = [RSAKey.generate_key(2048, {"kid": "one"})]
    await issuer.access.keys.read()
    with pytest.raises(Unauthorized):
        await issuer.access.check(token)


async def test_a_token_is_good_when_the_same_key_is_read_again(issuer: Issuer) -> None:
    token = issuer.token()
    assert await issuer.access.check(token)
    await issuer.access.keys.read()
    assert await issuer.access.check(token)


async def test_a_token_is_refused_when_it_expires(issuer: Issuer) -> None:
    token = issuer.token(expires_in=2 - access_tokens.CLOCK_SKEW_SECONDS)
    assert await issuer.access.check(token)
    await asyncio.sleep(3)
    with pytest.raises(Unauthorized):
        await issuer.access.check(token)


async def test_a_token_is_refused_when_it_is_revoked(issuer: Issuer) -> None:
    token = issuer.token()
    assert await issuer.access.check(token)
    issuer.revoked.append(RevokedId(id="the-token", expires_at=time.time() + 60))
    await issuer.access.view.pull()
    with pytest.raises(Unauthorized):
        await issuer.access.check(token)


async def test_what_is_kept_of_tokens_is_bounded(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_tokens, "MOST_KEPT", 3)
    for _ in range(10):
        await issuer.access.check(issuer.token())
    assert len(issuer.access._signed) <= 3
