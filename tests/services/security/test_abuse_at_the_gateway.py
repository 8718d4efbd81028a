"""What each service refuses when it is asked itself is refused through the gateway too, in the same words."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from tests.services.gateway.conftest import before
from tests.services.people import BASE, PASSWORD, THROUGH_THE_GATEWAY, Api, Person, fresh_email
from tests.services.running import exchange
from tests.services.security.test_abuse_of_accounts import EXACT, JSON, QUERIES
from tests.services.security.test_abuse_of_bodies import CANARY, LYING, NO_DOCUMENT
from tests.services.security.test_access_tokens import (
    CLAIMS,
    FORGERIES,
    HEADERS,
    Forge,
    statuses,
    with_brought_keys,
    with_header,
)

pytestmark = THROUGH_THE_GATEWAY
WRITES = ("PUT", "PATCH")
REFUSED = [401, 401, 401]
FORGED: dict[str, tuple[str, ...]] = {
    "alg none": ("alg none", "alg None", "alg null"),
    "blank or null signature": ("no signature", "null signature", "two parts"),
    "RS and HS confusion": ("public key as secret",),
    "other key": ("another key",),
}
WRONG = {
    "no exp": "no expiry",
    "future nbf": "not yet",
    "sub not a UUID": "subject not a uuid",
    "wrong aud": "wrong audience",
}


@pytest.fixture
def forge(api: Api, someone: Person) -> Forge:
    return Forge(api, someone)


@pytest.mark.parametrize("names", FORGED.values(), ids=FORGED)
async def test_a_forged_token_is_refused(api: Api, forge: Forge, names: tuple[str, ...]) -> None:
    for name in names:
        assert await statuses(api, FORGERIES[name](forge)) == REFUSED, name


@pytest.mark.parametrize("name", WRONG.values(), ids=WRONG)
async def test_a_token_with_wrong_claims_is_refused(api: Api, forge: Forge, name: str) -> None:
    assert await statuses(api, forge(**CLAIMS[name])) == REFUSED


async def test_tricks_with_kid_jku_x5u_and_jwk_are_refused(api: Api, forge: Forge) -> None:
    tokens = [with_header(forge, HEADERS[name]) for name in ("key as path", "key as list")]
    for token in (*tokens, *with_brought_keys(forge)):
        assert await statuses(api, token) == REFUSED


async def test_the_token_of_a_deleted_disabled_or_logged_out_user_is_refused_within_a_second(
    api: Api, admin: Person
) -> None:
    deleted, disabled, logged_out = await asyncio.gather(*(api.sign_up() for _ in range(3)))
    ends = await asyncio.gather(
        deleted.delete("/users/me"),
        admin.patch(f"/users/{disabled.id}", {"is_active": False}),
        logged_out.post("/login/logout", {"refresh_token": logged_out.refresh}),
    )
    assert [answer.status_code for answer in ends] == [200, 200, 200]
    await asyncio.sleep(1)
    for person in (deleted, disabled, logged_out):
        assert await statuses(api, person.access) == REFUSED


async def test_neither_status_nor_body_tells_whether_an_account_exists(api: Api, someone: Person) -> None:
    for ask in (lambda email: api.try_log_in(email, "not the password"), lambda email: recover(api, email)):
        known, unknown = [await ask(email) for email in (someone.email, fresh_email())]
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
        named = [set(answer.headers) for answer in (known, unknown)]
        assert named[0] == named[1]


async def recover(api: Api, email: str) -> httpx.Response:
    return await api.anybody.post(f"/password-recovery/{email}")


async def test_of_two_hundred_logins_at_once_each_is_answered_or_told_when_to_come_again(
    api: Api, tmp_path: Path
) -> None:
    """The gateway's own limit, which is off elsewhere here, lets a few of them through."""
    limits = {"login_limit_average": 5, "login_limit_burst": 10}
    async with before(api.platform, tmp_path, **limits) as strict:
        asked = Api(api.platform, strict.client, strict.port)
        answers = await asyncio.gather(*(asked.try_log_in(fresh_email(), "a guess") for _ in range(200)))
    assert {answer.status_code for answer in answers} == {400, 429}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)


async def test_a_password_of_ten_megabytes_is_refused(api: Api) -> None:
    content = "username=a@example.com&password=" + CANARY * (10 * 1024 * 1024 // len(CANARY))
    head = f"POST {BASE}/login/access-token HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    answered = await exchange(api.gateway, (head + content).encode())
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert CANARY.encode() not in answered


async def test_anothers_item_or_user_is_refused_by_every_method(
    api: Api, someone: Person, admin: Person
) -> None:
    item = await admin.add_item(title="mine")
    for method in ("GET", *WRITES, "DELETE"):
        body = {"title": "x"} if method in WRITES else None
        assert (await someone.send(method, f"/items/{item['id']}", json=body)).status_code == 403
        body = {"full_name": "x"} if method in WRITES else None
        assert (await someone.send(method, f"/users/{admin.id}", json=body)).status_code == 403
    assert (await admin.get(f"/items/{item['id']}")).json() == item


async def test_mass_assignment_is_invalid(api: Api, someone: Person) -> None:
    item = await someone.add_item()
    for field in ("is_superuser", "is_active", "id", "password_hash"):
        body = {"email": fresh_email(), "password": PASSWORD, field: True}
        for path in ("/users/signup", "/users/"):
            assert (await api.anybody.post(path, body)).status_code == 422
        assert (await someone.patch("/users/me", {field: True})).status_code == 422
    for field in ("owner_id", "id", "created_at"):
        assert (await someone.post("/items/", {"title": "x", field: item[field]})).status_code == 422
        assert (await someone.patch(f"/items/{item['id']}", {field: item[field]})).status_code == 422


async def test_identity_in_headers_is_worth_nothing(api: Api, admin: Person, someone: Person) -> None:
    for name in ("X-User-Id", "X_User_Id", "X-Auth-Request-User", "X-Forwarded-User"):
        headers = {name: admin.id, "X-User-Role": "superuser"}
        assert (await api.anybody.get("/users/me", headers=headers)).status_code == 401
        assert (await someone.get("/users/", headers=headers)).status_code == 403
        verified = await someone.get("/auth/verify", headers=headers)
        assert (verified.headers["x-user-id"], verified.headers["x-user-role"]) == (someone.id, "user")


async def test_limits_skips_and_repeated_keys_out_of_bounds_are_invalid(
    api: Api, someone: Person, admin: Person
) -> None:
    for query in (*QUERIES, "limit=0", "skip=0&skip=0"):
        assert (await someone.get(f"/items/?{query}")).status_code == 422, query
        assert (await admin.get(f"/users/?{query}")).status_code == 422, query


async def test_nul_and_lone_surrogates_are_invalid(api: Api, someone: Person) -> None:
    for text in ("a\x00b", "\ud800", "a\udfffb"):
        for method, path, field in (("POST", "/items/", "title"), ("PATCH", "/users/me", "full_name")):
            content = json.dumps({field: text})
            assert (await someone.send(method, path, content=content, headers=JSON)).status_code == 422


async def test_four_byte_text_and_bidi_are_stored_exactly(api: Api, someone: Person) -> None:
    for text in EXACT:
        item = await someone.add_item(title=text, description=text)
        assert (await someone.get(f"/items/{item['id']}")).json() == item
        assert (item["title"], item["description"]) == (text, text)
        assert (await someone.delete(f"/items/{item['id']}")).status_code == 200


async def test_null_for_a_field_that_has_none_is_invalid(api: Api, someone: Person) -> None:
    item = await someone.add_item()
    assert (await someone.patch(f"/items/{item['id']}", {"title": None})).status_code == 422
    assert (await someone.patch("/users/me", {"email": None})).status_code == 422
    assert (await someone.post("/items/", {"title": None})).status_code == 422


async def test_twins_of_an_address_by_case_form_or_trailing_dot_are_refused(api: Api) -> None:
    name = fresh_email().removesuffix("@example.com")
    expected = {"é@example.com": 200, "É@Example.COM": 400, "e\u0301@example.com": 400, "é@example.com.": 422}
    for rest, status in expected.items():
        body = {"email": name + rest, "password": PASSWORD}
        assert (await api.anybody.post("/users/signup", body)).status_code == status, rest


DOCUMENTS = {
    "100k-deep JSON": ("deep lists", "deep lists closed", "deep objects"),
    "duplicate keys": ("a key twice", "a key twice by escape", "a key twice further in"),
    "NaN": ("NaN", "Infinity", "minus Infinity"),
    "BOM": ("byte order mark",),
}


@pytest.mark.parametrize("names", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_what_is_no_strict_document_is_a_bad_request(
    api: Api, someone: Person, names: tuple[str, ...]
) -> None:
    for name in names:
        answer = await someone.send("POST", "/items/", content=NO_DOCUMENT[name], headers=JSON)
        assert answer.status_code == 400, name
        assert CANARY not in answer.text


async def test_json_as_text_plain_is_unsupported(api: Api, someone: Person) -> None:
    headers = {"Content-Type": "text/plain"}
    assert (
        await someone.send("POST", "/items/", content=b'{"title": "x"}', headers=headers)
    ).status_code == 415


@pytest.mark.parametrize("length", LYING)
async def test_a_length_that_lies_is_no_error_of_ours(api: Api, length: str) -> None:
    head = f"POST {BASE}/users/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    wire = f'{head}Content-Length: {length}\r\n\r\n{{"a": "{CANARY}"}}'.encode()
    answered = await exchange(api.gateway, wire, timeout=0.3)
    assert answered[9:12].decode() == LYING[length]
    assert CANARY.encode() not in answered


async def test_the_inside_is_not_reached(api: Api) -> None:
    for path in ("/metrics", "/livez", "/internal/lookup", "/api/v1/metrics", "//api/v1/items"):
        wire = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        assert (await exchange(api.gateway, wire))[9:12] in (b"400", b"404"), path
