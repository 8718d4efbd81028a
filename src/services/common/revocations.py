"""What each process knows of tokens that must not be honoured any more; the source is the feed of auth.

Every security-relevant change of an account raises its version, and a token carries the version it was made
from. An account's `epoch` is the version from which on tokens are good again, but for one that is `spared`;
a change of role counts for tokens older than it. The feed has a `generation`: a token of another one is void,
which ends all sessions at once, and the feed of another one is read from its beginning.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from pydantic import BaseModel

from services.common.refreshing import Refresher

PULL_SECONDS = 0.5
STALE_SECONDS = 5
SECONDS_BETWEEN_PULLS = 0.1
log = structlog.get_logger()


class AccountChange(BaseModel):
    id: str
    version: int
    epoch: int
    spared: str | None = None
    is_superuser: bool
    expires_at: float


class RevokedId(BaseModel):
    """`id` is that of a token or of a session."""

    id: str
    expires_at: float


class Feed(BaseModel):
    """What changed after a sequence number; `complete` when it is everything that still counts."""

    generation: str
    sequence: int
    complete: bool
    accounts: list[AccountChange]
    revoked: list[RevokedId]


Source = Callable[[str | None, int], Awaitable[Feed]]


class RevocationView:
    """One process's copy of what the feed has told so far."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.generation: str | None = None
        self.sequence = 0
        self._accounts: dict[str, AccountChange] = {}
        self._revoked: dict[str, float] = {}
        self._pulled_at = float("-inf")
        self._wanted = asyncio.Event()
        self.pull = Refresher(self._pull, SECONDS_BETWEEN_PULLS)

    @property
    def loaded(self) -> bool:
        return self.generation is not None

    @property
    def stale(self) -> bool:
        return self.used_age is None

    @property
    def used_age(self) -> float | None:
        """Seconds since the feed was asked for what is known; None when that is too old to honour a token."""
        age = time.monotonic() - self._pulled_at
        return age if age <= STALE_SECONDS else None

    def hurry(self) -> None:
        """Let the next pull begin now."""
        self._wanted.set()

    def account(self, user: str) -> AccountChange | None:
        return self._accounts.get(user)

    def revoked(self, *ids: str) -> bool:
        return any(each in self._revoked for each in ids)

    async def _pull(self) -> None:
        """On failure the copy grows older."""
        asked_at = time.monotonic()
        try:
            self._take(await self._source(self.generation, self.sequence))
        except Exception as error:
            log.warning("revocations cannot be read", error=str(error) or type(error).__name__)
            return
        # The answer is as old as the question.
        self._pulled_at = asked_at

    def _take(self, feed: Feed) -> None:
        if feed.complete:
            self._accounts, self._revoked = {}, {}
        self.generation, self.sequence = feed.generation, feed.sequence
        self._accounts.update((change.id, change) for change in feed.accounts)
        self._revoked.update((revoked.id, revoked.expires_at) for revoked in feed.revoked)

    def forget_expired(self) -> None:
        now = time.time()
        self._accounts = {key: each for key, each in self._accounts.items() if each.expires_at > now}
        self._revoked = {key: until for key, until in self._revoked.items() if until > now}

    async def follow(self) -> None:
        """Keep the copy current; runs until cancelled."""
        while True:
            await self.pull()
            self.forget_expired()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), PULL_SECONDS)
            self._wanted.clear()
