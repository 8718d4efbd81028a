"""What each client has taken of its allowances, over all gateway processes; what they grant is theirs to say.

A bucket is the moment at which it is full again (GCRA), so that adding is all that is ever done to one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.keyed import Keyed

# In the order of the keys, so that two processes that add at once never wait for each other in a circle.
ADD = text("""
INSERT INTO auth.allowances AS kept (id, full_at)
SELECT id, now() + seconds * interval '1 second'
FROM unnest(CAST(:ids AS bytea[]), CAST(:seconds AS float8[])) AS taken (id, seconds)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET full_at = greatest(kept.full_at, now()) + (excluded.full_at - now())
RETURNING id, extract(epoch FROM full_at - now())::float8
""")
FORGET = text("DELETE FROM auth.allowances WHERE full_at < now()")


class Allowances:
    """The table names no client: its ids are hashes that say nothing without auth's key."""

    def __init__(self, keyed: Keyed) -> None:
        self._keyed = keyed

    async def add(self, connection: AsyncConnection, taken: Mapping[str, float]) -> dict[str, float]:
        """`taken` in seconds by key; answers after how many seconds each bucket is full."""
        if not taken:
            return {}
        keys = {self._keyed(key.encode()): key for key in taken}
        seconds = [taken[key] for key in keys.values()]
        rows = await connection.execute(ADD, {"ids": [*keys], "seconds": seconds})
        return {keys[row[0]]: row[1] for row in rows}


async def forget(connection: AsyncConnection) -> None:
    await connection.execute(FORGET)
