"""Internal routes answer services only, and each only those that need it."""

from __future__ import annotations

import time
import uuid

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from tests.services.people import Api, Person

NOBODY = uuid.UUID(int=3)
ROUTES = [
    ("auth", "GET", "/internal/revocations?since=0", {"users", "items"}),
    ("auth", "PUT", f"/internal/accounts/{NOBODY}", {"users"}),
    ("auth", "POST", "/internal/allowances", {"gateway"}),
    ("users", "POST", "/internal/credentials", {"auth"}),
    ("users", "POST", "/internal/lookup", {"auth"}),
    ("users", "GET", f"/internal/users/{NOBODY}", {"auth"}),
    ("users", "PUT", f"/internal/users/{NOBODY}/password", {"auth"}),
    ("items", "DELETE", f"/internal/owners/{NOBODY}/items", {"users"}),
]
EVERY = pytest.mark.parametrize(("service", "method", "path", "allowed"), ROUTES)


def token(api: Api, service: str, key: OKPKey | None = None, **claims: object) -> str:
    now = int(time.time())
    content = {"iss": service, "aud": "internal", "iat": now, "exp": now + 60, "jti": "x"} | claims
    signing = key or api.platform.keys.internal[service]
    header = {"alg": "Ed25519", "kid": service}
    return jwt.encode(header, content, signing, algorithms=["Ed25519"])


async def ask(api: Api, service: str, method: str, path: str, shown: str) -> int:
    body = {} if method in ("PUT", "POST") else None
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    return (await api.ask(service, method, path, json=body, headers=headers)).status_code


@EVERY
async def test_nobody_and_no_user_gets_in(
    api: Api, admin: Person, service: str, method: str, path: str, allowed: set[str]
) -> None:
    for shown in ("", "x", admin.access, admin.refresh):
        assert await ask(api, service, method, path, shown) == 401


@EVERY
async def test_only_the_services_that_need_it_get_in(
    api: Api, service: str, method: str, path: str, allowed: set[str]
) -> None:
    for name in ("auth", "users", "items", "gateway"):
        status = await ask(api, service, method, path, token(api, name))
        # An empty body is refused after the token.
        assert status in ((200, 422) if name in allowed else (403,)), name


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "platform"},
        {"iss": "auth"},
        {"exp": 1},
        {"exp": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3660},
        {"jti": None},
    ],
)
async def test_a_service_token_with_wrong_claims_is_refused(api: Api, claims: dict) -> None:
    shown = token(api, "users", **claims)
    assert await ask(api, "auth", "GET", "/internal/revocations", shown) == 401


async def test_a_service_cannot_speak_for_another(api: Api) -> None:
    shown = token(api, "users", key=api.platform.keys.internal["items"])
    assert await ask(api, "auth", "GET", "/internal/revocations", shown) == 401


async def test_a_service_token_opens_no_public_endpoint(api: Api) -> None:
    for name in ("auth", "users", "items"):
        person = Person(api, access=token(api, name))
        for path in ("/users/me", "/items/", "/auth/verify"):
            assert (await person.get(path)).status_code == 401


async def test_purging_twice_is_the_same_as_once(api: Api, user: Person) -> None:
    await user.add_item()
    path = f"/internal/owners/{user.id}/items"
    headers = {"Authorization": f"Bearer {token(api, 'users')}"}
    purged = [(await api.ask("items", "DELETE", path, headers=headers)).json() for _ in range(2)]
    assert purged == [{"deleted": 1}, {"deleted": 0}]
    assert (await user.post("/items/", {"title": "late"})).status_code == 401


async def test_news_of_an_account_may_come_in_any_order(api: Api, user: Person) -> None:
    headers = {"Authorization": f"Bearer {token(api, 'users')}"}
    news = [
        {"version": 9, "epoch": 0, "is_superuser": True},
        {"version": 5, "epoch": 5, "is_superuser": False, "spared": "a"},
        {"version": 3, "epoch": 3, "is_superuser": False, "spared": "b"},
        {"version": 9, "epoch": 0, "is_superuser": True},
    ]
    for each in news:
        answer = await api.ask("auth", "PUT", f"/internal/accounts/{user.id}", json=each, headers=headers)
        assert answer.status_code == 200
    feed = (await api.ask("auth", "GET", "/internal/revocations", headers=headers)).json()
    assert feed["complete"] is True
    told = [each for each in feed["accounts"] if each["id"] == user.id]
    assert len(told) == 1
    expected = {"version": 9, "epoch": 5, "spared": "a", "is_superuser": True}
    assert told[0] == told[0] | expected
    query = f"?since={feed['sequence']}&generation={feed['generation']}"
    later = (await api.ask("auth", "GET", f"/internal/revocations{query}", headers=headers)).json()
    assert (later["complete"], later["accounts"], later["revoked"]) == (False, [], [])
    for other in (f"?since={feed['sequence'] + 99}&generation={feed['generation']}", "?since=1&generation=x"):
        again = await api.ask("auth", "GET", f"/internal/revocations{other}", headers=headers)
        assert again.json()["complete"] is True
