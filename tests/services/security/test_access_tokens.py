"""Forged, altered and misused access tokens: every service refuses every one of them."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from tests.services.people import Api, Person

ENDPOINTS = ("/users/me", "/items/", "/auth/verify")
STRANGER = RSAKey.generate_key(2048, {"kid": "signing-1"})


async def statuses(api: Api, token: str) -> list[int]:
    person = Person(api, access=token)
    answers = [await person.get(path) for path in ENDPOINTS]
    for answer in answers:
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
    return [answer.status_code for answer in answers]


class Forge:
    """Makes tokens like those of `user`, signed with the platform's own key unless told otherwise."""

    def __init__(self, api: Api, user: Person) -> None:
        self.key = api.platform.keys.signing
        parsed = jws.extract_compact(user.access.encode())
        self.header, self.claims = parsed.headers(), json.loads(parsed.payload)

    def __call__(self, key: object = None, header: dict | None = None, **claims: object) -> str:
        altered = {name: value for name, value in (self.claims | claims).items() if value is not ...}
        headers = {name: value for name, value in (self.header | (header or {})).items() if value is not ...}
        algorithm = headers["alg"]
        return jwt.encode(headers, altered, key or self.key, algorithms=[algorithm], default_type=None)


@pytest.fixture
async def forge(api: Api, someone: Person) -> Forge:
    return Forge(api, someone)


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


async def test_a_forged_token_with_every_right_thing_is_good(api: Api, forge: Forge) -> None:
    assert await statuses(api, forge()) == [200, 200, 200]


NOW = int(time.time())
CLAIMS = {
    "wrong audience": {"aud": "internal"},
    "no audience": {"aud": ...},
    "wrong issuer": {"iss": "users"},
    "no issuer": {"iss": ...},
    "expired": {"exp": NOW - 60},
    "no expiry": {"exp": ...},
    "expiry as text": {"exp": "tomorrow"},
    "not yet": {"nbf": NOW + 3600},
    "no start": {"nbf": ...},
    "issued in future": {"iat": NOW + 3600},
    "no time of issue": {"iat": ...},
    "no id": {"jti": ...},
    "no subject": {"sub": ...},
    "subject not a uuid": {"sub": "1 OR 1=1"},
    "subject a number": {"sub": 7},
    "another kind": {"typ": "refresh"},
    "no kind": {"typ": ...},
    "no session": {"sid": ...},
    "no version": {"ver": ...},
    "version not a number": {"ver": "latest"},
    "another generation": {"gen": str(uuid.uuid4())},
    "no generation": {"gen": ...},
}


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS.keys())
async def test_a_token_with_wrong_claims_is_refused(api: Api, forge: Forge, claims: dict) -> None:
    assert await statuses(api, forge(**claims)) == [401, 401, 401]


HEADERS = {
    "unknown key": {"kid": "signing-2"},
    "no key": {"kid": ...},
    "key as path": {"kid": "../../../../dev/null"},
    "key as list": {"kid": ["signing-1"]},
    "another type": {"typ": "JWT"},
    "unknown critical": {"crit": ["exp"]},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
async def test_a_token_with_a_wrong_header_is_refused(api: Api, forge: Forge, header: dict) -> None:
    assert await statuses(api, with_header(forge, header)) == [401, 401, 401]


def with_header(forge: Forge, header: dict) -> str:
    return signed(forge.key, {k: v for k, v in (forge.header | header).items() if v is not ...}, forge.claims)


def signed(key: RSAKey, header: dict, claims: dict) -> str:
    body = f"{part(header)}.{part(claims)}"
    signature = key.private_key.sign(body.encode(), PKCS1v15(), SHA256())
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_a_key_that_the_token_brings_along_is_ignored(api: Api, forge: Forge) -> None:
    for token in with_brought_keys(forge):
        assert await statuses(api, token) == [401, 401, 401]


def with_brought_keys(forge: Forge) -> list[str]:
    public = STRANGER.as_dict(private=False)
    brought = ({"jwk": public}, {"jku": "http://127.0.0.1/keys"}, {"x5u": "http://127.0.0.1/cert"})
    return [signed(STRANGER, forge.header | header, forge.claims) for header in brought]


def with_public_key_as_secret(forge: Forge) -> str:
    # By hand: a careful library refuses to make such a token.
    body = f"{part(forge.header | {'alg': 'HS256'})}.{part(forge.claims)}"
    signature = hmac.digest(forge.key.as_pem(private=False), body.encode(), "sha256")
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda forge: f"{part(forge.header | {'alg': 'none'})}.{part(forge.claims)}.",
    "alg None": lambda forge: f"{part(forge.header | {'alg': 'None'})}.{part(forge.claims)}.",
    "alg null": lambda forge: f"{part(forge.header | {'alg': None})}.{part(forge.claims)}.",
    "no signature": lambda forge: forge().rpartition(".")[0] + ".",
    "null signature": lambda forge: forge().rpartition(".")[0] + "." + "A" * 342,
    "two parts": lambda forge: forge().rpartition(".")[0],
    "another key": lambda forge: forge(STRANGER),
    "another RSA algorithm": lambda forge: forge(header={"alg": "RS512"}),
    "PSS": lambda forge: forge(header={"alg": "PS256"}),
    "public key as secret": lambda forge: with_public_key_as_secret(forge),
    "elliptic curve": lambda forge: forge(ECKey.generate_key("P-256"), {"alg": "ES256"}),
    "claims exchanged": lambda forge: ".".join(
        (forge().split(".")[0], part(forge.claims | {"adm": True}), forge().split(".")[2])
    ),
    "claims a list": lambda forge: f"{part(forge.header)}.{part([1])}.{forge().split('.')[2]}",
    "header no JSON": lambda forge: f"AAAA.{part(forge.claims)}.{forge().split('.')[2]}",
    "very long": lambda forge: forge(padding="x" * 10_000),
    "words": lambda forge: "let me in",
    "not base64": lambda forge: "!.!.!",
}


@pytest.mark.parametrize("make", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forgery_is_refused(api: Api, forge: Forge, make: Callable[[Forge], str]) -> None:
    assert await statuses(api, make(forge)) == [401, 401, 401]


async def test_a_signature_with_any_bit_changed_is_refused(api: Api, forge: Forge) -> None:
    head, _, signature = forge().rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    for position in (0, len(raw) // 2, len(raw) - 1):
        raw[position] ^= 1
        token = f"{head}.{base64.urlsafe_b64encode(bytes(raw)).rstrip(b'=').decode()}"
        assert await statuses(api, token) == [401, 401, 401]
        raw[position] ^= 1


async def test_bytes_that_are_no_text_are_refused(api: Api) -> None:
    for path in ENDPOINTS:
        answer = await api.send("GET", path, headers={"Authorization": b"Bearer \xff\xc3\xa9.\xe9"})
        assert answer.status_code == 401


async def test_two_authorizations_in_one_request_are_refused(api: Api, someone: Person) -> None:
    headers = [("Authorization", f"Bearer {someone.access}"), ("Authorization", "Bearer x")]
    for service, path in (("users", "/api/v1/users/me"), ("items", "/api/v1/items/")):
        assert (await api.ask(service, "GET", path, headers=headers)).status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
async def test_the_scheme_is_taken_in_any_case(api: Api, someone: Person, scheme: str) -> None:
    answer = await api.send("GET", "/users/me", headers={"Authorization": f"{scheme} {someone.access}"})
    assert answer.status_code == 200


async def test_a_person_of_another_account_gets_nothing_by_claiming_rights(api: Api, forge: Forge) -> None:
    """Rights in a token are believed by items, where no row is at hand; users looks at the row."""
    assert (await Person(api, access=forge(adm=True)).get("/users/")).status_code == 403
    assert (await Person(api, access=forge(sub=str(uuid.uuid4()))).get("/users/me")).status_code == 401
