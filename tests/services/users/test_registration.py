"""Making users: the three faces of POST /users/, signup, and what both refuse."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.services.people import BOTH_WAYS, PASSWORD, Api, Person, fresh_email

SIGNUP, USERS, PRIVATE = "/users/signup", "/users/", "/private/users/"
EVERYWHERE = pytest.mark.parametrize("path", [SIGNUP, USERS, PRIVATE])


def registration(**fields: object) -> dict:
    return {"email": fresh_email(), "password": PASSWORD} | fields


@EVERYWHERE
@pytest.mark.parametrize("field", ["is_superuser", "is_active", "id", "password_hash", "version", "epoch"])
async def test_a_registration_cannot_assign_more_than_it_may(api: Api, path: str, field: str) -> None:
    body = registration(**{field: True})
    answer = await api.anybody.post(path, body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", field]
    assert (await api.try_log_in(body["email"], PASSWORD)).status_code == 400


@EVERYWHERE
@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a@example.com."},
        {"email": "a\x00@example.com"},
        {"email": None},
        {"email": "x" * 250 + "@example.com"},
        {"password": "short77"},
        {"password": "x" * 129},
        {"password": None},
        {"full_name": "x" * 256},
        {"full_name": "a\x00b"},
    ],
)
async def test_a_wrong_registration_is_refused_without_echo(api: Api, path: str, wrong: dict) -> None:
    answer = await api.anybody.post(path, registration(**wrong))
    assert answer.status_code == 422
    assert all(set(problem) == {"type", "loc", "msg"} for problem in answer.json()["detail"])


@EVERYWHERE
async def test_a_lone_surrogate_is_refused(api: Api, path: str) -> None:
    for field in ("email", "password", "full_name"):
        content = json.dumps(registration(**{field: "abc\ud800defgh"}))
        headers = {"Content-Type": "application/json"}
        answer = await api.send("POST", path, content=content, headers=headers)
        assert answer.status_code == 422, field


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (SIGNUP, "The user with this email already exists in the system"),
        (USERS, "The user with this email already exists in the system."),
        (PRIVATE, "The user with this email already exists in the system."),
    ],
)
async def test_a_known_address_is_refused_in_every_spelling(api: Api, path: str, detail: str) -> None:
    name = fresh_email().removesuffix("@example.com")
    await api.sign_up(f"{name}é@example.com")
    for twin in (f"{name.upper()}É@Example.COM", f"{name}e\u0301@example.com"):
        answer = await api.anybody.post(path, registration(email=twin))
        assert (answer.status_code, answer.json()) == (400, {"detail": detail})


@BOTH_WAYS
async def test_of_fifty_signups_at_once_one_succeeds(api: Api) -> None:
    body = registration()
    answers = await asyncio.gather(*(api.anybody.post(SIGNUP, body) for _ in range(50)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [400] * 49


async def test_the_name_of_an_unknown_field_may_be_anything(api: Api) -> None:
    content = '{"\\ud800": 1, "' + "x" * 1000 + '": 2}'
    answer = await api.send("POST", SIGNUP, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.text) < 1500


@EVERYWHERE
async def test_a_registration_answers_with_the_user(api: Api, path: str) -> None:
    email = fresh_email()
    answer = await api.anybody.post(path, registration(email=email.upper(), full_name="Ada 🧮"))
    assert answer.status_code == 200
    user = answer.json()
    assert set(user) == {"id", "email", "is_active", "is_superuser", "full_name", "created_at"}
    expected = {"email": email, "is_active": True, "is_superuser": False, "full_name": "Ada 🧮"}
    assert user == user | expected
    assert (await api.log_in(email, PASSWORD)).id == user["id"]


async def test_a_superuser_makes_users_with_rights(api: Api, admin: Person) -> None:
    body = registration(is_active=False, is_superuser=True)
    answer = await admin.post(USERS, body)
    assert answer.status_code == 200
    assert (answer.json()["is_active"], answer.json()["is_superuser"]) == (False, True)
    known = await admin.post(USERS, registration(email=body["email"]))
    assert known.json() == {"detail": "The user with this email already exists in the system."}


async def test_a_normal_user_makes_no_users(user: Person) -> None:
    for body in (registration(), registration(is_superuser=True), {}):
        answer = await user.post(USERS, body)
        assert answer.status_code == 403
        assert answer.json() == {"detail": "The user doesn't have enough privileges"}


async def test_a_service_that_was_not_asked_to_has_no_private_registration(api: Api) -> None:
    with api.platform.another("users", PRIVATE_USERS="false"):
        assert (await api.anybody.post(PRIVATE, registration())).status_code == 404


async def test_what_is_kept_of_a_password_is_an_expensive_hash(api: Api) -> None:
    body = registration()
    assert (await api.anybody.post(SIGNUP, body)).status_code == 200
    kept = api.platform.query(f"SELECT password_hash FROM users.users WHERE email = '{body['email']}'")
    assert kept[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("sent", ["Bearer", "Bearer x.y.z", "Basic YTpi", ""])
async def test_a_bad_token_does_not_count_as_none(api: Api, sent: str) -> None:
    answer = await api.send("POST", USERS, json=registration(), headers={"Authorization": sent})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_somebody_with_a_token_may_sign_another_one_up(user: Person) -> None:
    assert (await user.post(SIGNUP, registration())).status_code == 200
