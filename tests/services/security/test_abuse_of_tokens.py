"""Tokens used for what they were not made for, and identity claimed without any."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.services.mailbox import Mailbox
from tests.services.people import BOTH_WAYS, PASSWORD, Api, Person, fresh_email

PROTECTED = ("/users/me", "/items/", "/auth/verify")


async def reset_token(api: Api, user: Person, mailbox: Mailbox) -> str:
    await api.anybody.post(f"/password-recovery/{user.email}")
    mail = (await asyncio.to_thread(mailbox.wait_for, user.email))[0]
    found = re.search(r"token=(\S+)", mail.get_content())
    assert found
    return found[1]


@BOTH_WAYS
async def test_a_reset_token_is_neither_an_access_nor_a_refresh_token(
    api: Api, user: Person, mailbox: Mailbox
) -> None:
    token = await reset_token(api, user, mailbox)
    for path in PROTECTED:
        assert (await Person(api, access=token).get(path)).status_code == 401
    for path in ("/login/refresh", "/login/logout"):
        assert (await api.anybody.post(path, {"refresh_token": token})).status_code == 401


SPOOFED = {
    "X-User-Id": "{id}",
    "X-User-Email": "{email}",
    "X-User-Role": "superuser",
    "X_User_Id": "{id}",
    "X-Auth-Request-User": "{email}",
    "X-Forwarded-User": "{email}",
    "X-Forwarded-For": "127.0.0.1",
    "Forwarded": "for=127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "Remote-User": "{email}",
    "X-Original-URL": "/internal/lookup",
    "X-HTTP-Method-Override": "DELETE",
}


async def test_identity_in_headers_is_worth_nothing(api: Api, admin: Person, someone: Person) -> None:
    headers = {name: value.format(id=admin.id, email=admin.email) for name, value in SPOOFED.items()}
    for path in PROTECTED:
        assert (await api.anybody.get(path, headers=headers)).status_code == 401
    assert (await someone.get("/users/me", headers=headers)).json()["id"] == someone.id
    assert (await someone.get("/users/", headers=headers)).status_code == 403
    verified = await someone.get("/auth/verify", headers=headers)
    assert (verified.headers["x-user-id"], verified.headers["x-user-role"]) == (someone.id, "user")


async def test_connection_authorization_does_not_turn_a_refusal_into_a_registration(
    api: Api, someone: Person
) -> None:
    body = {"email": fresh_email(), "password": PASSWORD}
    headers = {"Connection": "close, authorization"}
    assert (await someone.send("POST", "/users/", json=body, headers=headers)).status_code == 403
    assert (await api.try_log_in(body["email"], PASSWORD)).status_code == 400


async def test_a_token_counts_in_its_header_only(api: Api, someone: Person) -> None:
    for path in PROTECTED:
        for query in ({"access_token": someone.access}, {"token": someone.access}):
            assert (await api.anybody.get(path, params=query)).status_code == 401
        cookie = {"Cookie": f"access_token={someone.access}; Authorization=Bearer {someone.access}"}
        assert (await api.anybody.get(path, headers=cookie)).status_code == 401


@BOTH_WAYS
async def test_a_refresh_token_replayed_by_a_hundred_at_once_ends_the_family(api: Api, user: Person) -> None:
    body = {"refresh_token": user.refresh}
    assert (await api.anybody.post("/login/refresh", body)).status_code == 200
    answers = await asyncio.gather(*(api.anybody.post("/login/refresh", body) for _ in range(100)))
    assert {answer.status_code for answer in answers} - {503} == {401}  # a busy service grants nothing either
    await asyncio.sleep(1)
    for path in PROTECTED:
        assert (await user.get(path)).status_code == 401


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
async def test_an_authorization_that_is_no_bearer_is_refused(api: Api, someone: Person, name: str) -> None:
    token = someone.access
    for value in ("", "Bearer", f"Token {token}", token, f"Bearer,{token}", f"Bearer {token} {token}"):
        for path in PROTECTED:
            answer = await api.send("GET", path, headers={name: value})
            assert answer.status_code == 401, value
            assert answer.headers["www-authenticate"] == "Bearer"
