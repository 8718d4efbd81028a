"""What a superuser does with other users, and nobody else may."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.services.people import BOTH_WAYS, PASSWORD, Api, Person, fresh_email
from tests.services.processes import ADMIN

NOBODY = uuid.UUID(int=9)
REFUSED = {"detail": "The user doesn't have enough privileges"}
BOTH = pytest.mark.parametrize("method", ["PUT", "PATCH"])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_normal_user_learns_nothing_about_others(
    someone: Person, admin: Person, method: str, known: bool
) -> None:
    body = {"full_name": "x"} if method in ("PUT", "PATCH") else None
    answer = await someone.send(method, f"/users/{admin.id if known else NOBODY}", json=body)
    assert (answer.status_code, answer.json()) == (403, REFUSED)
    assert (await admin.get("/users/me")).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_normal_user_may_not_even_with_the_own_id(someone: Person, method: str) -> None:
    body = {"is_superuser": True} if method != "DELETE" else None
    answer = await someone.send(method, f"/users/{someone.id}", json=body)
    assert (answer.status_code, answer.json()) == (403, REFUSED)
    assert (await someone.get(f"/users/{someone.id}")).json()["is_superuser"] is False


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_by_id_needs_a_token(api: Api, method: str) -> None:
    body = {} if method in ("PUT", "PATCH") else None
    assert (await api.anybody.send(method, f"/users/{NOBODY}", json=body)).status_code == 401


async def test_a_normal_user_sees_no_list(someone: Person) -> None:
    answer = await someone.get("/users/")
    assert (answer.status_code, answer.json()) == (403, REFUSED)


async def test_an_unknown_id_is_not_found_by_a_superuser(admin: Person) -> None:
    path = f"/users/{NOBODY}"
    missing = {"detail": "User not found"}
    for answer in (await admin.get(path), await admin.delete(path)):
        assert (answer.status_code, answer.json()) == (404, missing)
    for method in ("PUT", "PATCH"):
        answer = await admin.send(method, path, json={"full_name": "x"})
        assert answer.status_code == 404
        assert answer.json() == {"detail": "The user with this id does not exist in the system"}


@BOTH
async def test_a_taken_address_is_a_conflict(admin: Person, user: Person, other: Person, method: str) -> None:
    answer = await admin.send(method, f"/users/{user.id}", json={"email": other.email})
    assert (answer.status_code, answer.json()) == (409, {"detail": "User with this email already exists"})


@BOTH
@pytest.mark.parametrize(
    "body", [{"is_active": None}, {"is_superuser": None}, {"email": None}, {"password": None}, {"version": 1}]
)
async def test_a_wrong_change_is_refused(admin: Person, someone: Person, method: str, body: dict) -> None:
    assert (await admin.send(method, f"/users/{someone.id}", json=body)).status_code == 422


@BOTH
async def test_a_superuser_reads_and_changes_anybody(admin: Person, user: Person, method: str) -> None:
    before = (await admin.get(f"/users/{user.id}")).json()
    assert before == (await user.get(f"/users/{user.id}")).json() == (await user.get("/users/me")).json()
    answer = await admin.send(method, f"/users/{user.id}", json={"full_name": "Ada"})
    assert (answer.status_code, answer.json()) == (200, before | {"full_name": "Ada"})
    assert (await admin.send(method, f"/users/{user.id}", json={})).json() == answer.json()


async def test_a_password_set_by_a_superuser_ends_the_users_sessions(
    api: Api, admin: Person, user: Person
) -> None:
    answer = await admin.patch(f"/users/{user.id}", {"password": "set by somebody else"})
    assert answer.status_code == 200
    await asyncio.sleep(1)
    assert (await user.get("/items/")).status_code == 401
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 400
    assert (await api.try_log_in(user.email, "set by somebody else")).status_code == 200


async def test_deleting_a_user_deletes_the_items_too(admin: Person, user: Person, other: Person) -> None:
    mine, theirs = await user.add_item(), await other.add_item()
    answer = await admin.delete(f"/users/{user.id}")
    assert (answer.status_code, answer.json()) == (200, {"message": "User deleted successfully"})
    assert (await admin.get(f"/items/{mine['id']}")).status_code == 404
    assert (await admin.get(f"/items/{theirs['id']}")).status_code == 200
    assert (await admin.get(f"/users/{user.id}")).status_code == 404


async def test_the_list_has_everybody_newest_first(api: Api, admin: Person) -> None:
    made = [(await api.sign_up()).id for _ in range(3)]
    answer = (await admin.get("/users/", params={"limit": 3})).json()
    assert [each["id"] for each in answer["data"]] == made[::-1]
    assert answer["count"] > 3
    page = (await admin.get("/users/", params={"skip": 1, "limit": 1})).json()
    assert [each["id"] for each in page["data"]] == [made[1]]
    assert set(page["data"][0]) == {"id", "email", "is_active", "is_superuser", "full_name", "created_at"}


async def test_the_list_is_sorted_and_filtered_as_asked(api: Api, admin: Person, user: Person) -> None:
    await admin.patch(f"/users/{user.id}", {"is_active": False})
    emails = [each["email"] for each in (await admin.get("/users/?sorting=email")).json()["data"]]
    assert emails == sorted(emails)
    inactive = (await admin.get("/users/?is_active=false")).json()
    assert user.id in [each["id"] for each in inactive["data"]]
    assert not any(each["is_active"] for each in inactive["data"])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "skip=-1", f"skip={2**31}", "limit=1&limit=1", "sorting=password_hash"]
)
async def test_a_page_out_of_bounds_is_refused(admin: Person, query: str) -> None:
    assert (await admin.get(f"/users/?{query}")).status_code == 422


async def test_a_new_role_counts_for_tokens_given_out_before(api: Api, admin: Person, user: Person) -> None:
    theirs = await (await api.sign_up()).add_item()
    await admin.patch(f"/users/{user.id}", {"is_superuser": True})
    assert (await user.get("/users/")).status_code == 200
    await asyncio.sleep(1)
    assert (await user.get(f"/items/{theirs['id']}")).status_code == 200
    await admin.patch(f"/users/{user.id}", {"is_superuser": False})
    assert (await user.get("/users/")).status_code == 403
    await asyncio.sleep(1)
    assert (await user.get(f"/items/{theirs['id']}")).status_code == 403


async def test_a_superuser_who_was_demoted_keeps_no_right_by_an_older_token(
    api: Api, admin: Person, user: Person
) -> None:
    """Unlike the user above: here the token itself says that it is a superuser's."""
    item, demoted = await user.add_item(), await api.superuser()
    assert (await demoted.get(f"/items/{item['id']}")).status_code == 200
    assert (await admin.patch(f"/users/{demoted.id}", {"is_superuser": False})).status_code == 200
    await asyncio.sleep(1)
    assert (await demoted.get("/users/")).status_code == 403
    assert (await demoted.get("/items/")).json() == {"data": [], "count": 0}
    for method, body in (("GET", None), ("PATCH", {"title": "theirs"}), ("DELETE", None)):
        assert (await demoted.send(method, f"/items/{item['id']}", json=body)).status_code == 403


async def leave_as_superusers(admin: Person, *others: Person) -> None:
    rest = [f"'{each.id}'" for each in (admin, *others)]
    statement = f"UPDATE users.users SET is_superuser = false WHERE id NOT IN ({', '.join(rest)})"
    admin.api.platform.query(statement)


@BOTH_WAYS
async def test_the_last_superuser_cannot_be_taken_away(admin: Person) -> None:
    await leave_as_superusers(admin)
    for change in ({"is_superuser": False}, {"is_active": False}):
        answer = await admin.patch(f"/users/{admin.id}", change)
        assert answer.status_code == 403
        assert "last superuser" in answer.json()["detail"]
    assert (await admin.get("/users/me")).json()["is_superuser"] is True


@BOTH_WAYS
@pytest.mark.parametrize("change", [{"is_superuser": False}, {"is_active": False}])
async def test_of_two_last_superusers_demoting_each_other_one_remains(
    api: Api, admin: Person, change: dict
) -> None:
    email = fresh_email()
    await admin.post("/users/", {"email": email, "password": PASSWORD, "is_superuser": True})
    second = await api.log_in(email, PASSWORD)
    await leave_as_superusers(admin, second)
    await asyncio.gather(
        admin.patch(f"/users/{second.id}", change), second.patch(f"/users/{admin.id}", change)
    )
    statement = "SELECT email FROM users.users WHERE is_superuser AND is_active"
    left = api.platform.query(statement)
    assert len(left) == 1
    if left != [ADMIN[0]]:
        restored = {"is_superuser": True, "is_active": True}
        assert (await second.patch(f"/users/{admin.id}", restored)).status_code == 200
