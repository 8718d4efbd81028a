from __future__ import annotations

import asyncio

from services.common.background import end_all


async def test_a_task_that_takes_a_cancellation_for_a_failure_is_ended_all_the_same() -> None:
    swallowed = []

    async def deaf() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if len(swallowed) == 2:
                    raise
                swallowed.append("a cancellation")

    running = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end_all(running)
    assert [task.cancelled() for task in running] == [True, True]
    assert len(swallowed) == 2


async def test_nothing_to_end_is_ended() -> None:
    await end_all([])
