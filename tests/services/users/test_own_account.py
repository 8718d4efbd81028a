"""/users/me and /users/me/password."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.people import BOTH_WAYS, PASSWORD, Api, Person, fresh_email

NEW = "another long password"
BOTH = pytest.mark.parametrize("method", ["PUT", "PATCH"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(method, "/users/me") for method in ("GET", "PUT", "PATCH", "DELETE")],
        *[(method, "/users/me/password") for method in ("PUT", "PATCH")],
        ("GET", "/users/"),
    ],
)
async def test_ones_own_account_needs_a_token(api: Api, method: str, path: str) -> None:
    answer = await api.anybody.send(method, path, json={} if method in ("PUT", "PATCH") else None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        {"email": None},
        {"email": "x"},
        {"is_superuser": True},
        {"is_active": True},
        {"password": NEW},
        {"id": "x"},
    ],
)
async def test_a_wrong_change_is_refused(someone: Person, method: str, body: dict) -> None:
    before = (await someone.get("/users/me")).json()
    assert (await someone.send(method, "/users/me", json=body)).status_code == 422
    assert (await someone.get("/users/me")).json() == before


@BOTH
async def test_a_taken_address_is_a_conflict(user: Person, other: Person, method: str) -> None:
    answer = await user.send(method, "/users/me", json={"email": other.email.upper()})
    assert (answer.status_code, answer.json()) == (409, {"detail": "User with this email already exists"})


@BOTH
async def test_a_change_keeps_what_it_does_not_name(api: Api, user: Person, method: str) -> None:
    before = (await user.get("/users/me")).json()
    named = await user.send(method, "/users/me", json={"full_name": "Ada"})
    assert (named.status_code, named.json()) == (200, before | {"full_name": "Ada"})
    email = fresh_email()
    moved = await user.send(method, "/users/me", json={"email": email.upper()})
    assert moved.json() == before | {"full_name": "Ada", "email": email}
    assert (await user.send(method, "/users/me", json={"email": email})).status_code == 200
    cleared = await user.send(method, "/users/me", json={"full_name": None})
    assert cleared.json() == before | {"email": email}
    assert (await api.log_in(email, PASSWORD)).id == user.id


@BOTH_WAYS
async def test_a_superuser_cannot_delete_itself(admin: Person) -> None:
    for path in ("/users/me", f"/users/{admin.id}"):
        answer = await admin.delete(path)
        assert answer.status_code == 403
        assert answer.json() == {"detail": "Super users are not allowed to delete themselves"}


async def test_a_deleted_user_is_gone_with_items_and_token(api: Api, user: Person, admin: Person) -> None:
    item = await user.add_item()
    answer = await user.delete("/users/me")
    assert (answer.status_code, answer.json()) == (200, {"message": "User deleted successfully"})
    assert (await admin.get(f"/items/{item['id']}")).status_code == 404
    assert (await user.get("/users/me")).status_code == 401
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 400
    assert (await user.post("/items/", {"title": "late"})).status_code == 401


@BOTH
async def test_a_wrong_current_password_changes_nothing(api: Api, user: Person, method: str) -> None:
    body = {"current_password": "not the password", "new_password": NEW}
    answer = await user.send(method, "/users/me/password", json=body)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Incorrect password"})
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 200


@BOTH
async def test_the_same_password_again_is_refused(someone: Person, method: str) -> None:
    body = {"current_password": PASSWORD, "new_password": PASSWORD}
    answer = await someone.send(method, "/users/me/password", json=body)
    detail = "New password cannot be the same as the current one"
    assert (answer.status_code, answer.json()) == (400, {"detail": detail})


@pytest.mark.parametrize(
    "body",
    [
        {"current_password": PASSWORD},
        {"new_password": NEW},
        {"current_password": PASSWORD, "new_password": "short77"},
        {"current_password": PASSWORD, "new_password": "x" * 129},
        {"current_password": PASSWORD, "new_password": NEW, "email": "x@example.com"},
    ],
)
async def test_a_wrong_password_change_is_refused_without_echo(someone: Person, body: dict) -> None:
    answer = await someone.patch("/users/me/password", body)
    assert answer.status_code == 422
    assert all(set(problem) == {"type", "loc", "msg"} for problem in answer.json()["detail"])
    assert PASSWORD not in answer.text


@BOTH
async def test_a_password_change_ends_all_tokens_but_its_own(api: Api, user: Person, method: str) -> None:
    elsewhere = await user.again()
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = await user.send(method, "/users/me/password", json=body)
    assert (answer.status_code, answer.json()) == (200, {"message": "Password updated successfully"})
    await asyncio.sleep(1)
    for path in ("/users/me", "/items/"):
        assert (await user.get(path)).status_code == 200
        assert (await elsewhere.get(path)).status_code == 401
    assert (await elsewhere.post("/login/test-token")).status_code == 401
    assert (await user.post("/login/test-token")).status_code == 200
    for person in (user, elsewhere):
        refreshed = await api.anybody.post("/login/refresh", {"refresh_token": person.refresh})
        assert refreshed.status_code == 401
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 400
    assert (await api.log_in(user.email, NEW)).id == user.id


async def test_a_second_password_change_ends_the_token_of_the_first(user: Person) -> None:
    elsewhere = await user.again()
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert (await user.patch("/users/me/password", change)).status_code == 200
    later = await user.api.log_in(user.email, NEW)
    back = {"current_password": NEW, "new_password": PASSWORD}
    assert (await later.patch("/users/me/password", back)).status_code == 200
    await asyncio.sleep(1)
    answers = [(await person.get("/items/")).status_code for person in (user, elsewhere, later)]
    assert answers == [401, 401, 200]


async def test_of_two_password_changes_at_once_one_succeeds(user: Person) -> None:
    bodies = [{"current_password": PASSWORD, "new_password": f"{NEW} {n}"} for n in range(2)]
    answers = await asyncio.gather(*(user.patch("/users/me/password", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
