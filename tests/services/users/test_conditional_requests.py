"""Entity tags of accounts, by /users/me and by id."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.services.people import PASSWORD, Api, Person, fresh_email

STALE = {"If-Match": f'"{uuid.uuid4().hex}"'}
FAILED = {"detail": "It has changed since it was read: read it again"}


async def tag_of(person: Person, path: str = "/users/me") -> str:
    return (await person.get(path)).headers["etag"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_tag_changes_nothing(user: Person, admin: Person, method: str) -> None:
    body = {"full_name": "x"} if method != "DELETE" else None
    before = await user.get("/users/me")
    for person, path in ((user, "/users/me"), (admin, f"/users/{user.id}")):
        answer = await person.send(method, path, json=body, headers=STALE)
        assert (answer.status_code, answer.json()) == (412, FAILED)
        assert (await person.send(method, path, json=body, headers={"If-Match": "x"})).status_code == 400
    after = await user.get("/users/me")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_rights_and_existence_are_judged_before_a_tag(user: Person, admin: Person, method: str) -> None:
    body = {"full_name": "x"} if method != "DELETE" else None
    assert (await user.send(method, f"/users/{admin.id}", json=body, headers=STALE)).status_code == 403
    assert (await admin.send(method, f"/users/{uuid.uuid4()}", json=body, headers=STALE)).status_code == 404


async def test_an_account_has_one_tag_however_it_is_read(user: Person, admin: Person) -> None:
    tags = {
        await tag_of(user),
        await tag_of(user, f"/users/{user.id}"),
        await tag_of(admin, f"/users/{user.id}"),
    }
    assert len(tags) == 1
    for person, path in ((user, "/users/me"), (admin, f"/users/{user.id}")):
        answer = await person.get(path, headers={"If-None-Match": tags.copy().pop()})
        assert (answer.status_code, answer.content) == (304, b"")


async def test_every_change_has_a_tag_of_its_own(api: Api, user: Person, admin: Person) -> None:
    made = await api.anybody.post("/users/signup", {"email": fresh_email(), "password": PASSWORD})
    assert await tag_of(admin, f"/users/{made.json()['id']}") == made.headers["etag"]
    seen = [await tag_of(user)]
    for person, path in ((user, "/users/me"), (admin, f"/users/{user.id}"), (user, "/users/me")):
        changed = await person.patch(path, {"full_name": "Ada"}, headers={"If-Match": seen[-1]})
        assert changed.status_code == 200
        seen.append(changed.headers["etag"])
        assert await tag_of(user) == seen[-1]
    change = {"current_password": PASSWORD, "new_password": "another long password"}
    assert (await user.patch("/users/me/password", change)).status_code == 200
    seen.append(await tag_of(user))
    assert len(set(seen)) == 5


async def test_of_64_writers_with_one_tag_one_succeeds_for_every_state(user: Person, admin: Person) -> None:
    for state in range(3):
        headers = {"If-Match": await tag_of(user)}
        writers = [(user, "/users/me"), (admin, f"/users/{user.id}")] * 32
        answers = await asyncio.gather(
            *(
                person.patch(path, {"full_name": f"{state} {number}"}, headers=headers)
                for number, (person, path) in enumerate(writers)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 63


async def test_an_account_is_deleted_in_the_state_that_was_seen(user: Person) -> None:
    seen = await tag_of(user)
    changed = await user.patch("/users/me", {"full_name": "Ada"})
    assert (await user.delete("/users/me", headers={"If-Match": seen})).status_code == 412
    answer = await user.delete("/users/me", headers={"If-Match": changed.headers["etag"]})
    assert answer.status_code == 200
