"""Idempotency-Key on POST /items/: whatever is lost on the way, one item."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from services.common.database import Database
from services.common.idempotency import Idempotency
from services.common.keyed import Keyed
from services.common.settings import DatabaseSettings
from services.items.models import idempotent_answers
from tests.postgres import Postgres
from tests.services.lossy import LossyLink
from tests.services.people import Api, Person
from tests.services.processes import Platform, serving

BODY = {"title": "one", "description": None}


def key_of(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def count(person: Person) -> int:
    return (await person.get("/items/")).json()["count"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", "a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(user: Person, key: str) -> None:
    answer = await user.send("POST", "/items/", json=BODY, headers={b"Idempotency-Key": key.encode()})
    assert answer.status_code == 400
    assert answer.json() == {"detail": "The header Idempotency-Key is not 1 to 255 visible ASCII characters"}
    assert await count(user) == 0


async def test_two_keys_in_one_request_are_refused(user: Person) -> None:
    headers = [("Authorization", f"Bearer {user.access}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await user.api.ask("items", "POST", "/api/v1/items/", json=BODY, headers=headers)
    assert (answer.status_code, await count(user)) == (400, 0)


async def test_a_key_that_was_used_for_another_body_is_refused(user: Person) -> None:
    made = await user.post("/items/", BODY, headers=key_of("k"))
    for other in ({"title": "two"}, {"title": "one"}):
        answer = await user.post("/items/", other, headers=key_of("k"))
        assert answer.status_code == 422
        assert [set(each) for each in answer.json()["detail"]] == [{"type", "loc", "msg"}]
        assert answer.json()["detail"][0]["loc"] == ["header", "Idempotency-Key"]
    assert (await user.get("/items/")).json()["data"] == [made.json()]


async def test_a_refused_request_does_not_use_its_key_up(user: Person) -> None:
    assert (await user.post("/items/", {"title": ""}, headers=key_of("k"))).status_code == 422
    assert (await user.post("/items/", BODY, headers=key_of("k"))).status_code == 200
    assert await count(user) == 1


async def test_a_key_belongs_to_its_caller(user: Person, other: Person) -> None:
    answers = [await person.post("/items/", BODY, headers=key_of("k")) for person in (user, other)]
    assert [answer.json()["owner_id"] for answer in answers] == [user.id, other.id]


@pytest.mark.parametrize("key", ["k", "x" * 255, '"quoted"', "!~"])
async def test_the_first_answer_is_given_again_byte_for_byte(user: Person, key: str) -> None:
    first = await user.post("/items/", BODY, headers=key_of(key))
    await user.patch(f"/items/{first.json()['id']}", {"title": "changed since"})
    again = await user.post("/items", BODY, headers=key_of(key))
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await count(user) == 1


async def test_without_a_key_every_request_makes_an_item(user: Person) -> None:
    for _ in range(2):
        await user.post("/items/", BODY)
    assert await count(user) == 2


async def test_of_many_at_once_with_one_key_one_makes_the_item(user: Person) -> None:
    answers = await asyncio.gather(*(user.post("/items/", BODY, headers=key_of("k")) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await count(user) == 1


async def test_a_request_under_way_is_waited_for_or_told(user: Person) -> None:
    connection = await asyncpg.connect(user.api.platform.database.url("items"))
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "INSERT INTO items.idempotent_answers (caller_id, key, fingerprint) VALUES ($1, 'k', '')",
            uuid.UUID(user.id),
        )
        began = time.monotonic()
        answer = await user.post("/items/", BODY, headers=key_of("k"))
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
        assert 1.5 < time.monotonic() - began < 4
        waiting = asyncio.create_task(user.post("/items/", BODY, headers=key_of("k")))
        await asyncio.sleep(0.3)
        await transaction.rollback()
        assert (await waiting).status_code == 200
    finally:
        await connection.close()
    assert await count(user) == 1


@pytest.mark.timeout(300)
@pytest.mark.parametrize("items", [200, pytest.param(1000, marks=pytest.mark.soak)])
async def test_items_over_a_link_that_loses_half_of_the_answers_are_made_once(
    user: Person, items: int
) -> None:
    port = urlsplit(user.api.platform.services["items"].url).port
    head = (
        f"POST /api/v1/items/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {user.access}\r\nConnection: close"
    )
    at_once = asyncio.Semaphore(25)
    async with LossyLink(port, loses=0.5, seed=20) as link:

        async def post(number: int) -> str:
            body = json.dumps({"title": f"{number}"})
            about = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
            wire = f"{head}\r\nIdempotency-Key: item-{number}\r\n{about}\r\n\r\n{body}".encode()
            async with at_once:
                while True:
                    answer = await link.ask(wire)
                    if answer.startswith(b"HTTP/1.1 200 "):
                        return json.loads(answer.partition(b"\r\n\r\n")[2])["id"]
                    # Busy or under way: both ask for another try.
                    assert answer[:13] in (b"", b"HTTP/1.1 409 ", b"HTTP/1.1 503 "), answer
                    await asyncio.sleep(0.01)

        told = await asyncio.gather(*map(post, range(items)))
        assert link.lost > 0.8 * items
    stored = user.api.platform.query(
        f"SELECT id, title FROM items.items WHERE owner_id = '{user.id}' ORDER BY title::int"
    )
    assert stored == [f"{item}|{number}" for number, item in enumerate(told)]


async def test_answers_are_kept_for_a_day_and_no_longer(user: Person) -> None:
    for key in ("young", "old"):
        await user.post("/items/", BODY, headers=key_of(key))
    for key, age in (("young", "23 hours 59 minutes"), ("old", "24 hours 1 minute")):
        user.api.platform.query(
            f"UPDATE items.idempotent_answers SET created_at = now() - interval '{age}'"
            f" WHERE caller_id = '{user.id}' AND key = '{key}'"
        )
    settings = DatabaseSettings(database_url=user.api.platform.database.url("items"))
    database = Database(settings.database_url, "items", 1)
    keyed = Keyed(user.api.platform.keys.internal["items"], "idempotency")
    await Idempotency(database, idempotent_answers, keyed).remove_expired()
    await database.close()
    left = f"SELECT key FROM items.idempotent_answers WHERE caller_id = '{user.id}'"
    assert user.api.platform.query(left) == ["young"]


async def test_the_answers_of_a_deleted_user_go_too(user: Person) -> None:
    await user.post("/items/", BODY, headers=key_of("k"))
    assert (await user.delete("/users/me")).status_code == 200
    left = f"SELECT key FROM items.idempotent_answers WHERE caller_id = '{user.id}'"
    assert user.api.platform.query(left) == []


@pytest.fixture(scope="module")
def fragile(postgres: Postgres) -> Iterator[Platform]:
    with serving(postgres, "idempotency") as running:
        yield running


@pytest.fixture
async def somebody(fragile: Platform) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(timeout=15, verify=False) as client:
        yield await Api(fragile, client).sign_up()


# An item without its answer, an answer without its item, or an answer that was not finished.
HALVES = """
SELECT count(*) FROM items.items i FULL JOIN items.idempotent_answers a ON a.key = i.title
WHERE i.title IS NULL OR a.key IS NULL OR a.content IS NULL
"""


async def test_a_kill_at_any_point_leaves_both_the_item_and_its_answer_or_none(somebody: Person) -> None:
    items = somebody.api.platform.services["items"]

    async def post(number: int) -> int:
        try:
            return (
                await somebody.post("/items/", {"title": f"{number}"}, headers=key_of(f"{number}"))
            ).status_code
        except httpx.TransportError:
            return 0

    for round_ in range(3):
        sent = [asyncio.create_task(post(round_ * 100 + number)) for number in range(100)]
        await asyncio.sleep(0.03 + 0.05 * round_)
        items.process.kill()
        items.process.wait()
        assert somebody.api.platform.query(HALVES) == ["0"]
        # What was waiting in the shared socket is answered by the next process.
        items.start()
        answered = await asyncio.gather(*sent)
        stored = somebody.api.platform.query("SELECT title FROM items.items")
        for number, status in enumerate(answered):
            assert status != 200 or f"{round_ * 100 + number}" in stored
    await asyncio.to_thread(items.wait_until_ready)
    for first in range(0, 300, 10):
        assert await asyncio.gather(*map(post, range(first, first + 10))) == [200] * 10
    assert await count(somebody) == 300
