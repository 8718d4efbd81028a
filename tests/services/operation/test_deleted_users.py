"""Deleting a user is whole: whichever process is killed, and when, all of it comes about or none."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
import pytest

from tests.postgres import SERVICES, SUPERUSER, Postgres
from tests.services.people import PASSWORD, Api, Person
from tests.services.processes import Platform, serving

ITEMS_EACH = 3
GONE_SECONDS = 30
BYSTANDERS = 20

# In one snapshot: who is there has all, and whoever is not has nothing that no message is still to take away.
HALVES = f"""
WITH seen AS (
    SELECT id, EXISTS (SELECT FROM users.users WHERE id = who.id) AS there,
        (SELECT count(*) FROM items.items WHERE owner_id = who.id) AS things,
        EXISTS (SELECT FROM items.purged_owners WHERE owner_id = who.id) AS purged,
        (SELECT version + epoch FROM auth.account_changes WHERE user_id = who.id) AS told,
        EXISTS (SELECT FROM users.outbox WHERE path = '/internal/owners/' || who.id || '/items') AS purging,
        EXISTS (SELECT FROM users.outbox WHERE path = '/internal/accounts/' || who.id) AS telling
    FROM crowd AS who)
SELECT * FROM seen WHERE CASE
    WHEN there THEN things < {ITEMS_EACH} OR purged OR told IS NOT NULL OR purging OR telling
    ELSE (NOT purging AND (things > 0 OR NOT purged)) OR (NOT telling AND told IS DISTINCT FROM 4) END
"""
GROW = f"""
WITH made AS (
    INSERT INTO users.users (id, email, password_hash, is_active, is_superuser)
    SELECT gen_random_uuid(), gen_random_uuid() || '@example.com', password_hash, true, false
    FROM users.users, generate_series(1, {{count}}) WHERE id = '{{like}}' RETURNING id, email),
things AS (
    INSERT INTO items.items (id, title, owner_id)
    SELECT gen_random_uuid(), 'a thing', id FROM made, generate_series(1, {ITEMS_EACH})),
noted AS (INSERT INTO crowd SELECT id FROM made)
SELECT id || ' ' || email FROM made
"""


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Iterator[Platform]:
    with serving(postgres, f"deleted_{secrets.token_hex(4)}") as running:
        running.query("CREATE TABLE crowd (id uuid)")
        yield running


@dataclass
class Crowd:
    """Users with items, and somebody who may delete them."""

    api: Api
    admin: Person
    like: Person

    @property
    def platform(self) -> Platform:
        return self.api.platform

    async def query(self, statement: str) -> list[str]:
        return await asyncio.to_thread(self.platform.query, statement)

    async def grow(self, count: int) -> dict[str, str]:
        """More of them: addresses by id."""
        made = await self.query(GROW.format(count=count, like=self.like.id))
        return dict(line.split() for line in made)

    async def delete(self, user: str) -> int:
        """The status, or 0 when no answer came."""
        try:
            return (await self.admin.delete(f"/users/{user}")).status_code
        except httpx.TransportError:
            return 0

    async def there(self, users: dict[str, str]) -> set[str]:
        found = await self.query("SELECT u.id FROM users.users u JOIN crowd USING (id)")
        return set(users) & set(found)

    async def check_whole(self) -> None:
        assert await self.query(HALVES) == []

    def kill(self, *victims: str) -> None:
        for name in victims:
            process = self.platform.services[name].process
            process.kill()
            process.wait()

    async def revive(self, *victims: str) -> None:
        for name in victims:
            self.platform.services[name].start()
        for name in victims:
            await asyncio.to_thread(self.platform.services[name].wait_until_ready)
        async with asyncio.timeout(GONE_SECONDS):
            while not await self._calm():
                await asyncio.sleep(0.1)

    async def _calm(self) -> bool:
        """Each service honours tokens again."""
        paths = ("/users/me", "/items/", "/auth/verify")
        return all([(await self.admin.get(path)).status_code == 200 for path in paths])

    async def check_works(self, email: str) -> None:
        person = await self.api.log_in(email, PASSWORD)
        assert (await person.get("/items/")).json()["count"] >= ITEMS_EACH
        await person.add_item()

    async def delete_the_rest(self, users: dict[str, str]) -> None:
        """Asked again, a deletion that had come about is no error, and one that had not comes about."""
        there = await self.there(users)
        again = dict(zip(users, await asyncio.gather(*map(self._delete_at_last, users)), strict=True))
        assert {again[user] for user in set(users) - there} <= {404}
        assert {again[user] for user in there} <= {200, 404}

    async def _delete_at_last(self, user: str) -> int:
        async with asyncio.timeout(GONE_SECONDS):
            while (status := await self.delete(user)) in (0, 503):
                await asyncio.sleep(0.1)
        return status

    async def check_settled(self, users: dict[str, str]) -> None:
        """Nothing is left of them, soon and for good."""
        deadline = time.monotonic() + GONE_SECONDS
        while await self.query("SELECT count(*) FROM users.outbox") != ["0"]:
            assert time.monotonic() < deadline, await self.query("SELECT * FROM users.outbox")
            await asyncio.sleep(0.1)
        assert await self.there(users) == set()
        await self.check_whole()
        # Auth forgets a change when no token from before it can live any more.
        await self.query("DELETE FROM crowd WHERE id NOT IN (SELECT id FROM users.users)")


@pytest.fixture
async def crowd(own: Platform) -> AsyncIterator[Crowd]:
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(timeout=15, limits=limits, verify=False) as client:
        api = Api(own, client)
        found = Crowd(api, await api.admin(), await api.sign_up())
        bystanders = await found.grow(BYSTANDERS)
        yield found
        assert await found.there(bystanders) == set(bystanders)
        await found.check_works(next(iter(bystanders.values())))
        await found.check_whole()
        strays = "SELECT count(*) FROM items.items WHERE owner_id NOT IN (SELECT id FROM users.users)"
        assert await found.query(strays) == ["0"]


@asynccontextmanager
async def locked(platform: Platform, lock: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of its own that keeps others waiting, until the end at the latest."""
    postgres = platform.postgres
    where = {"host": "127.0.0.1", "port": postgres.port, "database": platform.database.name}
    connection = await asyncpg.connect(user=SUPERUSER, password=postgres.password, **where)
    try:
        await connection.execute(f"BEGIN; {lock}")
        yield connection
    finally:
        await connection.close()


async def until(crowd: Crowd, condition: str) -> None:
    async with asyncio.timeout(10):
        while await crowd.query(f"SELECT {condition}") != ["t"]:
            await asyncio.sleep(0.02)


def waits(statement: str) -> str:
    """A condition: such a statement is being kept waiting."""
    return (
        "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        f" AND wait_event_type = 'Lock' AND query LIKE '{statement}%')"
    )


POINTS = {
    "before users commits": ("users", "users.outbox", "INSERT INTO users.outbox"),
    "before items refuses the owner": ("users", "items.purged_owners", "INSERT INTO items.purged_owners"),
    "between the two parts of a purge": (
        "items",
        "items.idempotent_answers",
        "DELETE FROM items.idempotent_answers",
    ),
    "before auth commits": ("auth", "auth.account_changes", "INSERT INTO auth.account_changes"),
}


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_a_chosen_point_leaves_all_or_nothing(crowd: Crowd, point: str) -> None:
    victim, table, statement = POINTS[point]
    users = await crowd.grow(1)
    [(user, email)] = users.items()
    async with locked(crowd.platform, f"LOCK TABLE {table} IN SHARE MODE"):
        asked = asyncio.create_task(crowd.delete(user))
        await until(crowd, waits(statement))
        crowd.kill(victim)
        await crowd.check_whole()
        remains = await crowd.there(users)
    assert remains == (set(users) if point == "before users commits" else set())
    await crowd.revive(victim)
    assert await asked == (200 if victim != "users" else 0)
    if remains:
        await crowd.check_works(email)
    await crowd.delete_the_rest(users)
    await crowd.check_settled(users)


async def test_a_message_that_arrived_and_was_not_ticked_off_is_borne_twice(crowd: Crowd) -> None:
    users = await crowd.grow(1)
    [user] = users
    things = f"(SELECT count(*) FROM items.items WHERE owner_id = '{user}')"
    async with locked(crowd.platform, "LOCK TABLE items.idempotent_answers IN SHARE MODE") as purge:
        asked = asyncio.create_task(crowd.delete(user))
        await until(crowd, "(SELECT count(*) FROM users.outbox) = 1")
        async with locked(crowd.platform, "SELECT FROM users.outbox FOR UPDATE"):
            await purge.execute("ROLLBACK")
            await until(crowd, f"{things} = 0 AND {waits('DELETE FROM users.outbox')}")
            crowd.kill("users")
    await crowd.check_whole()
    await crowd.revive("users")
    assert await asked == 0
    await crowd.delete_the_rest(users)
    await crowd.check_settled(users)


async def keep_adding(person: Person) -> None:
    """Items, until that is refused for good."""
    async with asyncio.timeout(60):
        while True:
            try:
                status = (await person.post("/items/", {"title": "one more"})).status_code
            except httpx.TransportError:
                status = 0
            if status == 401:
                return
            await asyncio.sleep(0.02)


async def strike(crowd: Crowd, draw: random.Random, victims: list[str], users: dict[str, str]) -> None:
    """One round: many deletions, kills in the middle of them, and what has to be true by then."""
    order = draw.sample(list(users), len(users))
    pause = draw.choice((0, 0.01, 0.03))

    async def later(number: int, user: str) -> int:
        await asyncio.sleep(number * pause)
        return await crowd.delete(user)

    asked = [asyncio.create_task(later(*each)) for each in enumerate(order)]
    for victim in victims:
        await asyncio.sleep(draw.uniform(0, 0.3))
        crowd.kill(victim)
        await crowd.check_whole()
    await crowd.revive(*draw.sample(victims, len(victims)))
    answers = dict(zip(order, await asyncio.gather(*asked), strict=True))
    assert set(answers.values()) <= {0, 200, 503}
    there = await crowd.there(users)
    assert not {user for user in there if answers[user] == 200}
    for user in sorted(there)[:1]:
        await crowd.check_works(users[user])
    await crowd.delete_the_rest(users)


@pytest.mark.parametrize(
    ("rounds", "doomed"),
    [(1, 15), pytest.param(100, 60, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
async def test_kills_at_any_time_leave_all_or_nothing(crowd: Crowd, rounds: int, doomed: int) -> None:
    for round_ in range(rounds):
        seed = f"deleted users {round_}"
        print(f"seed {seed!r}")
        draw = random.Random(seed)
        crowd.admin = await crowd.api.admin()
        first = SERVICES[round_ % len(SERVICES)]
        others = [name for name in SERVICES if name != first]
        users = await crowd.grow(doomed)
        writer = await crowd.api.log_in(next(iter(users.values())), PASSWORD)
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_adding(writer))
            victims = [first, *draw.sample(others, draw.choice((0, 0, 1)))]
            group.create_task(strike(crowd, draw, victims, users))
        await crowd.check_settled(users)
