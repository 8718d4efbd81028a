"""Growing waits for whoever guesses a password: by account and client, so that nobody locks another one out.

Kept in a table that all processes share. Without a failure a login costs one look; once there is one, each
attempt is counted before its password is looked at, so that many at once do not share one count.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from weakref import WeakValueDictionary

from sqlalchemy import case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth.models import login_failures as failures
from services.common.database import Database
from services.common.errors import ServiceError, Unavailable
from services.common.fields import normalise_email
from services.common.keyed import Keyed

FREE = 5
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=15)
# 2^10 seconds are more than the longest wait; no power beyond it is computed.
DOUBLINGS = 10
FORGOTTEN_AFTER = timedelta(days=1)
# Each row has cost a hash. Beyond this number the oldest go.
ROWS = 100_000
PATIENCE_SECONDS = 3


@dataclass
class Attempt:
    """One login on its way: neither right nor wrong until its password was looked at."""

    right: bool = False
    wrong: bool = False


class Guessing:
    def __init__(self, database: Database, keyed: Keyed) -> None:
        self._database = database
        self._keyed = keyed
        self._turns: WeakValueDictionary[bytes, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, email: str, client: str) -> AsyncIterator[Attempt]:
        """Raises ServiceError (429) while a wait lasts; what happens inside tells how the attempt went."""
        who = self._keyed(_account(email), client.encode())
        # As many as nobody has to wait for: more at once would all find no failure yet.
        turn = self._turns.setdefault(who, asyncio.Semaphore(FREE))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await turn.acquire()
        except TimeoutError:
            raise Unavailable("Too many logins of this account are under way, try again") from None
        attempt = Attempt()
        try:
            counted = await self._begin(who)
            try:
                yield attempt
            finally:
                await self._end(who, attempt, counted)
        finally:
            turn.release()

    async def _begin(self, who: bytes) -> bool:
        """Whether the attempt was counted as a failure beforehand."""
        async with self._database.statements() as connection:
            known = select(failures.c.id).where(failures.c.id == who)
            if (await connection.execute(known)).one_or_none() is None:
                return False
            if await _count(connection, who):
                return True
            left = await connection.scalar(select(_left()).where(failures.c.id == who))
        if left is None:
            # A success has cleared it in this moment.
            return False
        seconds = max(1, ceil(left))
        raise ServiceError(429, "Too many failed logins, try again later", {"Retry-After": str(seconds)})

    async def _end(self, who: bytes, attempt: Attempt, counted: bool) -> None:
        if attempt.wrong and not counted:
            async with self._database.statements() as connection:
                await _add(connection, who)
        elif attempt.right and counted:
            async with self._database.statements() as connection:
                await connection.execute(delete(failures).where(failures.c.id == who))
        elif counted and not attempt.wrong:
            # The password was not looked at: that is no failure of the client's.
            async with self._database.statements() as connection:
                await connection.execute(
                    update(failures)
                    .where(failures.c.id == who)
                    .values(failures=failures.c.failures - 1, free_at=func.clock_timestamp())
                )


def _account(email: str) -> bytes:
    """One account in all its spellings; what is no address is counted as it is written."""
    try:
        email = normalise_email(email)
    except ValueError:
        email = unicodedata.normalize("NFC", email.strip().lower())
    return email.encode(errors="replace")


def _left():
    return func.extract("epoch", failures.c.free_at - func.clock_timestamp())


def _wait(count):
    """After failure number `count`."""
    doubled = func.power(2, func.least(count - FREE - 1, DOUBLINGS)) * literal(FIRST_WAIT)
    return case((count <= FREE, literal(timedelta(0))), else_=func.least(doubled, literal(LONGEST_WAIT)))


async def _count(connection: AsyncConnection, who: bytes) -> bool:
    """One statement: when a wait ends, one attempt of any number gets through, and the next wait begins."""
    now = func.clock_timestamp()
    count = failures.c.failures + 1
    statement = update(failures).where(failures.c.id == who, failures.c.free_at <= now)
    statement = statement.values(failures=count, free_at=now + _wait(count), failed_at=now)
    return (await connection.execute(statement)).rowcount > 0


async def _add(connection: AsyncConnection, who: bytes) -> None:
    now = func.clock_timestamp()
    count = failures.c.failures + 1
    first = insert(failures).values(id=who, failures=1, free_at=now, failed_at=now)
    more = {"failures": count, "free_at": now + _wait(count), "failed_at": now}
    await connection.execute(first.on_conflict_do_update(index_elements=["id"], set_=more))


async def forget(connection: AsyncConnection) -> None:
    """What is old, and what is more than the table may hold."""
    newest = select(failures.c.failed_at).order_by(failures.c.failed_at.desc())
    limit = newest.offset(ROWS).limit(1).scalar_subquery()
    # The later of the two; of fewer rows there is no limit, which `greatest` overlooks.
    last = func.greatest(limit, func.now() - FORGOTTEN_AFTER)
    await connection.execute(delete(failures).where(failures.c.failed_at <= last))
