"""Logging in, and what a login gives."""

from __future__ import annotations

import time

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.services.people import BASE, PASSWORD, Api, Person, fresh_email


@pytest.mark.parametrize(
    "password", ["not the password", "", PASSWORD + "x", "x" * 129, "x" * 100_000, PASSWORD.upper()]
)
async def test_a_wrong_password_is_refused(api: Api, user: Person, password: str) -> None:
    answer = await api.try_log_in(user.email, password or " ")
    assert (answer.status_code, answer.json()) == (400, {"detail": "Incorrect email or password"})


@pytest.mark.parametrize(
    "name", ["nobody@example.com", "nobody", "a\x00b@example.com", "x" * 10_000, "\u202eé"]
)
async def test_an_unknown_name_is_refused_in_the_same_words(api: Api, name: str) -> None:
    answer = await api.try_log_in(name, PASSWORD)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Incorrect email or password"})


@pytest.mark.parametrize("raw", [b"username=%ED%A0%80&password=abcdefgh", b"username=a@b.c&password=%FF%FE"])
async def test_bytes_that_are_no_text_are_refused(api: Api, raw: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.send("POST", "/login/access-token", content=raw, headers=headers)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "form", [{}, {"username": "x@example.com"}, {"username": "x", "password": "y", "grant_type": "implicit"}]
)
async def test_an_incomplete_form_is_refused_without_echo(api: Api, form: dict) -> None:
    answer = await api.send("POST", "/login/access-token", data=form)
    assert answer.status_code == 422
    assert all(set(problem) == {"type", "loc", "msg"} for problem in answer.json()["detail"])


async def test_an_inactive_user_does_not_get_in_and_only_the_password_tells(
    api: Api, admin: Person, user: Person
) -> None:
    await admin.patch(f"/users/{user.id}", {"is_active": False})
    right = await api.try_log_in(user.email, PASSWORD)
    assert (right.status_code, right.json()) == (400, {"detail": "Inactive user"})
    wrong = await api.try_log_in(user.email, "not the password")
    assert wrong.json() == {"detail": "Incorrect email or password"}


async def test_an_unknown_address_costs_as_much_as_a_wrong_password(api: Api, user: Person) -> None:
    fastest = {user.email: 9.0, fresh_email(): 9.0}
    for number in range(15):
        for email in fastest:
            began = time.perf_counter()
            # Each time from elsewhere, so that nobody has to wait.
            await api.try_log_in(email, "not the password", client=f"192.0.2.{number}")
            fastest[email] = min(fastest[email], time.perf_counter() - began)
    known, unknown = fastest.values()
    # Without the hash an answer takes a few milliseconds, with it at least twenty.
    assert unknown > 0.015
    assert 0.4 < known / unknown < 2.5


async def test_a_login_answers_with_tokens_that_no_cache_may_keep(api: Api, user: Person) -> None:
    answer = await api.try_log_in(user.email.upper(), PASSWORD)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "refresh_token", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 900)


async def test_an_access_token_has_the_claims_of_its_contract(api: Api, user: Person) -> None:
    for path in ("/.well-known/jwks.json", BASE + "/.well-known/jwks.json"):
        published = await api.ask("auth", "GET", path)
        assert published.status_code == 200
        assert all("d" not in key for key in published.json()["keys"])
    token = jwt.decode(user.access, KeySet.import_key_set(published.json()), algorithms=["RS256"])
    assert token.header["kid"] == published.json()["keys"][0]["kid"]
    assert {"iss", "aud", "exp", "nbf", "iat", "jti", "typ", "sub"} <= set(token.claims)
    assert token.claims["sub"] == user.id
    assert token.claims["exp"] - token.claims["iat"] == 900
    assert user.email.encode() not in jws.extract_compact(user.access.encode()).payload


async def test_a_token_can_be_tested(user: Person) -> None:
    answer = await user.post("/login/test-token")
    assert answer.status_code == 200
    assert answer.json() == (await user.get("/users/me")).json()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_an_ingress_learns_who_asks(user: Person, admin: Person, method: str) -> None:
    for person, role in ((user, "user"), (admin, "superuser")):
        answer = await person.send(method, "/auth/verify")
        assert (answer.status_code, answer.content) == (200, b"")
        told = [answer.headers[f"x-user-{name}"] for name in ("id", "email", "role")]
        assert told == [person.id, person.email, role]


async def test_an_ingress_learns_of_a_changed_address_at_once(user: Person) -> None:
    moved = f"é{fresh_email()}"
    assert (await user.patch("/users/me", {"email": moved})).status_code == 200
    answer = await user.get("/auth/verify")
    raw = dict(answer.headers.raw)
    assert {key.lower(): value for key, value in raw.items()}[b"x-user-email"] == moved.encode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_an_ingress_is_told_of_nobody(api: Api, method: str) -> None:
    answer = await api.anybody.send(method, "/auth/verify")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "x-user-id" not in answer.headers
