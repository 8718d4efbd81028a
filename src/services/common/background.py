"""Tasks that run beside the requests: started again after an error, and ended with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.common.database import reason

AGAIN = 0.5  # seconds
Background = Callable[[], Awaitable[None]]
log = structlog.get_logger()


async def kept_running(work: Background) -> None:
    """A background task that ends by an error would go unnoticed: say so and start it again."""
    while True:
        try:
            await work()
            return
        except (SQLAlchemyError, OSError) as error:
            log.warning("background task waits for the database", error=reason(error))
        except Exception as error:
            log.error("background task failed, starting it again", exc_info=error)
        await asyncio.sleep(1)


async def end_all(running: Iterable[asyncio.Task[None]]) -> None:
    """Cancel them until they have ended: a library may take a cancellation for a failure of its own.

    Senders of mail were seen to, in mid-conversation, and to wait for the next mail for ever.
    """
    left = set(running)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
