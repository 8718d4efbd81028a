"""The endpoints of items, row by row of their contract."""

from __future__ import annotations

import uuid

import pytest

from tests.services.people import Api, Person

NOBODYS = "/items/" + str(uuid.UUID(int=7))
CHANGE = {"title": "changed"}
BY_ID = [("GET", None), ("PUT", CHANGE), ("PATCH", CHANGE), ("DELETE", None)]


@pytest.mark.parametrize(("method", "body"), BY_ID)
async def test_anothers_item_is_refused_and_stays(
    user: Person, other: Person, method: str, body: dict
) -> None:
    item = await user.add_item(title="mine")
    answer = await other.send(method, f"/items/{item['id']}", json=body)
    assert answer.status_code == 403
    assert answer.json() == {"detail": "Not enough permissions"}
    assert (await user.get(f"/items/{item['id']}")).json() == item


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_of_nothing_does_not_show_anothers_item(
    user: Person, other: Person, method: str
) -> None:
    item = await user.add_item(title="mine")
    answer = await other.send(method, f"/items/{item['id']}", json={})
    assert (answer.status_code, answer.json()) == (403, {"detail": "Not enough permissions"})


async def test_a_form_of_another_site_makes_no_item(user: Person) -> None:
    """A browser sends these types to another origin without asking first."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = await user.send("POST", "/items/", content=b'{"title": "x"}', headers={"Content-Type": kind})
        assert answer.status_code == 415
    assert (await user.get("/items/")).json()["count"] == 0


@pytest.mark.parametrize(("method", "body"), BY_ID)
async def test_an_unknown_item_is_not_found(someone: Person, method: str, body: dict) -> None:
    answer = await someone.send(method, NOBODYS, json=body)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Item not found"})


@pytest.mark.parametrize(("method", "body"), BY_ID)
async def test_an_item_needs_a_token(api: Api, method: str, body: dict) -> None:
    answer = await api.anybody.send(method, NOBODYS, json=body)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_list_of_items_needs_a_token(api: Api, method: str) -> None:
    answer = await api.anybody.send(method, "/items/", json={"title": "x"} if method == "POST" else None)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": None},
        {"title": ""},
        {"title": "x" * 256},
        {"title": 1},
        {"title": "a\x00b"},
        {"title": "x", "description": "x" * 256},
        {"title": "x", "owner_id": str(uuid.uuid4())},
        {"title": "x", "id": str(uuid.uuid4())},
        ["title"],
    ],
)
async def test_a_wrong_new_item_is_refused_without_echo(someone: Person, body: object) -> None:
    before = (await someone.get("/items/")).json()["count"]
    answer = await someone.post("/items/", body)
    assert answer.status_code == 422
    assert all(set(problem) == {"type", "loc", "msg"} for problem in answer.json()["detail"])
    assert (await someone.get("/items/")).json()["count"] == before


@pytest.mark.parametrize(
    "body", [{"title": None}, {"owner_id": str(uuid.uuid4())}, {"created_at": "2020-01-01"}]
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_wrong_change_is_refused_and_changes_nothing(user: Person, method: str, body: dict) -> None:
    item = await user.add_item()
    answer = await user.send(method, f"/items/{item['id']}", json=body)
    assert answer.status_code == 422
    assert (await user.get(f"/items/{item['id']}")).json() == item


async def test_an_id_that_is_no_uuid_is_refused(someone: Person) -> None:
    assert (await someone.get("/items/17")).status_code == 422


async def test_a_new_item_answers_200_with_its_whole_shape(user: Person) -> None:
    answer = await user.post("/items/", {"title": "tea", "description": None})
    assert answer.status_code == 200
    item = answer.json()
    assert set(item) == {"id", "title", "description", "owner_id", "created_at"}
    assert (item["title"], item["description"], item["owner_id"]) == ("tea", None, user.id)
    assert (await user.get(f"/items/{item['id']}")).json() == item


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_keeps_what_it_does_not_name(user: Person, method: str) -> None:
    item = await user.add_item(title="tea", description="green")
    path = f"/items/{item['id']}"
    changed = await user.send(method, path, json={"title": "coffee"})
    assert (changed.status_code, changed.json()) == (200, item | {"title": "coffee"})
    cleared = await user.send(method, path, json={"description": None})
    assert cleared.json() == item | {"title": "coffee", "description": None}
    assert (await user.send(method, path, json={})).json() == cleared.json()


async def test_a_deleted_item_is_gone(user: Person) -> None:
    item = await user.add_item()
    answer = await user.delete(f"/items/{item['id']}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Item deleted successfully"})
    assert (await user.get(f"/items/{item['id']}")).status_code == 404


async def test_text_is_stored_exactly(user: Person) -> None:
    title = "\u202eright to left\u202c \U0001f9ea e\u0301 \\ ' \" <b>"
    item = await user.add_item(title=title)
    assert (await user.get(f"/items/{item['id']}")).json()["title"] == title


async def test_a_superuser_may_do_everything_with_any_item(user: Person, admin: Person) -> None:
    item = await user.add_item()
    path = f"/items/{item['id']}"
    assert (await admin.get(path)).json() == item
    assert (await admin.patch(path, {"title": "seen"})).json() == item | {"title": "seen"}
    assert item["id"] in [each["id"] for each in (await admin.get("/items/")).json()["data"]]
    assert (await admin.delete(path)).status_code == 200


async def test_a_list_has_ones_own_items_newest_first(user: Person, other: Person) -> None:
    await other.add_item()
    made = [(await user.add_item(title=f"{number}"))["id"] for number in range(5)]
    answer = (await user.get("/items/")).json()
    assert answer["count"] == 5
    assert [each["id"] for each in answer["data"]] == made[::-1]


async def test_a_page_is_cut_from_the_list_and_counts_all(user: Person) -> None:
    made = [(await user.add_item(title=f"{number}"))["id"] for number in range(5)]
    answer = (await user.get("/items/", params={"skip": 1, "limit": 2})).json()
    assert answer["count"] == 5
    assert [each["id"] for each in answer["data"]] == [made[3], made[2]]
    beyond = (await user.get("/items/", params={"skip": 2**31 - 1})).json()
    assert beyond == {"data": [], "count": 5}


@pytest.mark.parametrize(
    ("sorting", "titles"),
    [("title", "abc"), ("-title", "cba"), ("created_at", "bca"), ("-created_at", "acb")],
)
async def test_a_list_is_sorted_as_asked(user: Person, sorting: str, titles: str) -> None:
    for title in "bca":
        await user.add_item(title=title)
    answer = (await user.get("/items/", params={"sorting": sorting})).json()
    assert "".join(each["title"] for each in answer["data"]) == titles


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=-1", "limit=101", "limit=1e9", "limit=x", "limit=1&limit=2"),
        *("skip=-1", f"skip={2**31}", f"skip={2**63}", "skip=0&skip=1"),
        *("sorting=owner_id", "sorting=;drop", "sorting="),
    ],
)
async def test_a_page_out_of_bounds_is_refused(someone: Person, query: str) -> None:
    assert (await someone.get(f"/items/?{query}")).status_code == 422


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_slash_at_the_end_makes_no_difference(user: Person, method: str) -> None:
    body = {"title": "x"} if method == "POST" else None
    for path in ("/items", "/items/"):
        assert (await user.send(method, path, json=body)).status_code == 200
    item = await user.add_item()
    assert (await user.get(f"/items/{item['id']}/")).json() == item
