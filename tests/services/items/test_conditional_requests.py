"""Entity tags of items: writes that must not overwrite what they have not seen, reads that change nothing."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.services.people import Api, Person

STALE = f'"{uuid.UUID(int=7).hex}"'
CHANGE = {"title": "changed"}
WRITES = pytest.mark.parametrize(("method", "body"), [("PUT", CHANGE), ("PATCH", CHANGE), ("DELETE", None)])
FAILED = {"detail": "It has changed since it was read: read it again"}
MALFORMED = ["", ",", "x", "'x'", '"x', 'x"', 'w/"x"', 'W/ "x"', '"a" "b"', '*, "a"', "**", '"a b"']


async def tag_of(person: Person, path: str) -> str:
    return (await person.get(path)).headers["etag"]


@pytest.fixture
async def path(user: Person) -> str:
    return f"/items/{(await user.add_item())['id']}"


@WRITES
async def test_a_stale_tag_changes_nothing(user: Person, path: str, method: str, body: dict) -> None:
    before = await user.get(path)
    current = before.headers["etag"]
    for tags in (STALE, f"W/{current}", '"x"', '""', f'{STALE}, W/{current}, ,"a,b"', current.upper()):
        answer = await user.send(method, path, json=body, headers={"If-Match": tags})
        assert (answer.status_code, answer.json()) == (412, FAILED)
    after = await user.get(path)
    assert (after.json(), after.headers["etag"]) == (before.json(), current)


@WRITES
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
async def test_a_malformed_condition_is_refused_and_not_overlooked(
    user: Person, path: str, method: str, body: dict, name: str
) -> None:
    for tags in MALFORMED:
        answer = await user.send(method, path, json=body, headers={name: tags})
        assert answer.status_code == 400, tags
        assert answer.json() == {"detail": f"The header {name} is neither * nor a list of entity tags"}
    assert (await user.get(path)).json()["title"] == "a thing"


@WRITES
async def test_a_condition_tells_no_stranger_anything(
    user: Person, other: Person, path: str, method: str, body: dict
) -> None:
    for tags in ("*", STALE, await tag_of(user, path)):
        answer = await other.send(method, path, json=body, headers={"If-Match": tags})
        assert answer.status_code == 403
        missing = await user.send(method, f"/items/{uuid.uuid4()}", json=body, headers={"If-Match": tags})
        assert missing.status_code == 404


@WRITES
async def test_what_exists_is_not_written_when_nothing_may_exist(
    user: Person, path: str, method: str, body: dict
) -> None:
    current = await tag_of(user, path)
    for tags in ("*", current, f"W/{current}", f'"x", {current}'):
        answer = await user.send(method, path, json=body, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.json()) == (412, FAILED)
    assert (await user.send(method, path, json=body, headers={"If-None-Match": STALE})).status_code == 200


@WRITES
@pytest.mark.parametrize("among", ["{}", "*", f"{STALE}, {{}}", '"a,b",,{} , W/"c"'])
async def test_the_current_tag_lets_a_write_through(
    user: Person, path: str, method: str, body: dict, among: str
) -> None:
    tags = among.format(await tag_of(user, path))
    answer = await user.send(method, path, json=body, headers={"If-Match": tags})
    assert answer.status_code == 200


async def test_a_list_over_several_lines_is_one_list(user: Person, path: str) -> None:
    headers = [("Authorization", f"Bearer {user.access}"), ("If-Match", STALE)]
    headers.append(("If-Match", await tag_of(user, path)))
    answer = await user.api.ask("items", "PATCH", f"/api/v1{path}", json=CHANGE, headers=headers)
    assert answer.status_code == 200


async def test_a_problem_is_told_as_one_when_that_is_wanted(user: Person, path: str) -> None:
    headers = {"If-Match": STALE, "Accept": "application/problem+json"}
    answer = await user.patch(path, CHANGE, headers=headers)
    expected = {"title": "Precondition Failed", "status": 412, "detail": FAILED["detail"]}
    assert answer.json() == answer.json() | expected


async def test_a_change_of_nothing_keeps_the_tag_and_asks_for_it(user: Person, path: str) -> None:
    current = await tag_of(user, path)
    assert (await user.patch(path, {}, headers={"If-Match": STALE})).status_code == 412
    answer = await user.patch(path, {}, headers={"If-Match": current})
    assert (answer.status_code, answer.headers["etag"]) == (200, current)


async def test_every_change_has_a_tag_of_its_own_even_back_and_forth(user: Person) -> None:
    made = await user.post("/items/", {"title": "a"})
    path, seen = f"/items/{made.json()['id']}", [made.headers["etag"]]
    assert await tag_of(user, path) == seen[0]
    for title in "baab":
        changed = await user.patch(path, {"title": title})
        seen.append(changed.headers["etag"])
        assert await tag_of(user, path) == seen[-1]
    assert len(set(seen)) == 5


async def test_a_change_by_the_release_before_changes_the_tag(user: Person, path: str) -> None:
    before = await tag_of(user, path)
    item = path.removeprefix("/items/")
    user.api.platform.query(f"UPDATE items.items SET title = 'old release' WHERE id = '{item}'")
    assert await tag_of(user, path) != before
    made = uuid.uuid4()
    user.api.platform.query(
        f"INSERT INTO items.items (id, title, owner_id) VALUES ('{made}', 'x', '{user.id}')"
    )
    assert await tag_of(user, f"/items/{made}") != before


async def test_of_64_writers_with_one_tag_one_succeeds_for_every_state(user: Person, path: str) -> None:
    for state in range(5):
        tag = await tag_of(user, path)

        async def write(number: int, tag: str = tag, state: int = state) -> int:
            body = {"title": f"{state} {number}"}
            return (await user.patch(path, body, headers={"If-Match": tag})).status_code

        statuses = await asyncio.gather(*(write(number) for number in range(64)))
        assert sorted(statuses) == [200] + [412] * 63
        written = (await user.get(path)).json()["title"]
        assert written == f"{state} {statuses.index(200)}"


async def test_of_a_writer_and_a_deleter_with_one_tag_one_succeeds(user: Person) -> None:
    for _ in range(10):
        path = f"/items/{(await user.add_item())['id']}"
        headers = {"If-Match": await tag_of(user, path)}
        answers = await asyncio.gather(
            user.patch(path, CHANGE, headers=headers), user.delete(path, headers=headers)
        )
        statuses = [answer.status_code for answer in answers]
        assert statuses in ([200, 412], [404, 200])


async def test_what_the_reader_knows_is_not_sent_again(user: Person, path: str) -> None:
    current = await tag_of(user, path)
    for tags in (current, f"W/{current}", f"{STALE}, {current}", "*"):
        answer = await user.get(path, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", current)
    assert (await user.get(path, headers={"If-None-Match": STALE})).status_code == 200
    await user.patch(path, CHANGE)
    assert (await user.get(path, headers={"If-None-Match": current})).json()["title"] == "changed"


async def test_a_reader_who_may_not_read_learns_nothing_from_a_tag(
    user: Person, other: Person, api: Api, path: str
) -> None:
    headers = {"If-None-Match": await tag_of(user, path)}
    assert (await other.get(path, headers=headers)).status_code == 403
    assert (await api.anybody.get(path, headers=headers)).status_code == 401
    assert (await user.get(path, headers={"If-Match": STALE})).status_code == 412
    both = headers | {"If-Match": STALE}
    assert (await user.get(path, headers=both)).status_code == 412
