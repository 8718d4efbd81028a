"""Forged access tokens: every service refuses each of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping

from platformctl.diagnosis.answers import UNAUTHORIZED, Expected
from platformctl.operations.abuse.forging import Forge
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.steps import Probe, Promise, Rows, Steps, Unsure
from platformctl.tools.http import Ask, UnusableError, api

Forgery = Callable[[Forge], Iterator[str]]
ELSEWHERE = "https://verify.invalid/jwks.json"
ONLY_HERE = "only the environment's own keys can sign such a token: leave out the URL"


def _alg_none(forge: Forge) -> Iterator[str]:
    for word in ("none", "None", "NONE", "nOnE", ""):
        yield forge.with_signature(b"", alg=word)
        yield forge.with_signature(b"x", alg=word)


def _no_signature(forge: Forge) -> Iterator[str]:
    yield forge.with_signature(b"")
    yield forge.with_signature(b"\0" * 256)
    yield forge.with_signature(b"").rstrip(".")


def _public_key_as_secret(forge: Forge) -> Iterator[str]:
    for text in forge.public_texts:
        yield forge.by_secret(text)


def _key_ids(forge: Forge) -> Iterator[str]:
    for kid in ("../../../../dev/null", "/dev/null", "' UNION SELECT ''--", "", None, ["a"], "|id"):
        yield forge.by_secret(b"", kid=kid)
        yield forge.by_own_key(kid=kid)


def _foreign_sets(forge: Forge) -> Iterator[str]:
    for name in ("jku", "x5u"):
        yield forge.by_own_key(**{name: ELSEWHERE})
        yield forge.by_own_key(**{name: ELSEWHERE, "kid": "elsewhere"})


def _embedded_key(forge: Forge) -> Iterator[str]:
    yield forge.by_embedded_key()
    yield forge.by_embedded_key(kid="embedded")


def _other_key(forge: Forge) -> Iterator[str]:
    yield forge.by_own_key()


def _no_expiry(forge: Forge) -> Iterator[str]:
    yield forge.rightly(without="exp")
    yield forge.rightly(exp=None)


def _expired(forge: Forge) -> Iterator[str]:
    yield forge.rightly(exp=int(time.time()) - 60)


def _not_yet(forge: Forge) -> Iterator[str]:
    yield forge.rightly(nbf=int(time.time()) + 3600)


def _subjects(forge: Forge) -> Iterator[str]:
    yield forge.rightly(without="sub")
    for subject in ("admin", "1", "", f"{uuid.uuid4()}'--"):
        yield forge.rightly(sub=subject)


def _audiences(forge: Forge) -> Iterator[str]:
    yield forge.rightly(without="aud")
    for audience in ("internal", "", ["other"]):
        yield forge.rightly(aud=audience)
    yield forge.rightly(iss="https://verify.invalid")


def _kinds(forge: Forge) -> Iterator[str]:
    for kind in ("refresh", "reset"):
        yield forge.rightly(typ=kind)
    yield forge.retyped("JWT")


PUBLIC: Mapping[str, Forgery] = {
    "token: alg none": _alg_none,
    "token: no signature": _no_signature,
    "token: public key as HMAC secret": _public_key_as_secret,
    "token: kid that is a path or a query": _key_ids,
    "token: jku and x5u": _foreign_sets,
    "token: embedded jwk": _embedded_key,
    "token: another key": _other_key,
}
SIGNED: Mapping[str, Forgery] = {
    "token: no exp": _no_expiry,
    "token: expired": _expired,
    "token: nbf in the future": _not_yet,
    "token: sub that is no UUID": _subjects,
    "token: wrong aud or iss": _audiences,
    "token: of another kind": _kinds,
}


def _promise(forgery: Forgery, signed: bool) -> Promise:
    def every_service_refuses_it(cast: Cast) -> Steps:
        forge = yield from _forge(cast)
        for number, token in enumerate(forgery(forge)):
            yield from _refused(token, number)
        if signed and not forge.has_real_key:
            yield Unsure(ONLY_HERE)

    return every_service_refuses_it


def what_is_rightly_made_is_accepted(cast: Cast) -> Steps:
    """Or the refusals would prove nothing."""
    forge = yield from _forge(cast)
    if not forge.has_real_key:
        yield Unsure(ONLY_HERE)
        return
    yield Probe(api("GET", "/users/me", forge.rightly(jti=str(uuid.uuid4()))), Expected(200))


def a_refresh_token_opens_nothing(cast: Cast) -> Steps:
    yield from _refused(cast.ada.refresh)


def _forge(cast: Cast) -> Steps:
    answer = yield Probe(Ask("GET", "/.well-known/jwks.json"), Expected(200))
    if not isinstance(answer.document, dict) or not answer.document.get("keys"):
        raise UnusableError("no key is published")
    try:
        forge = Forge(cast.ada.token, answer.document, cast.signing)
        _ = forge.header, forge.claims
    except (ValueError, IndexError) as error:
        raise UnusableError("the access token is no JWT") from error
    return forge


def _refused(token: str, number: int = 0) -> Steps:
    """The first of a kind by every service, the others by one after the other."""
    asks = (
        api("GET", "/users/me", token),
        api("GET", "/items/?limit=1", token),
        api("POST", "/login/test-token", token),
    )
    for ask in asks if not number else asks[number % 3 :][:1]:
        yield Probe(ask, UNAUTHORIZED)


ROWS: Rows = {
    **{name: (_promise(forgery, signed=False),) for name, forgery in PUBLIC.items()},
    **{name: (_promise(forgery, signed=True),) for name, forgery in SIGNED.items()},
    "token: made as the forged ones, but right": (what_is_rightly_made_is_accepted,),
    "token: refresh as access token": (a_refresh_token_opens_nothing,),
}
