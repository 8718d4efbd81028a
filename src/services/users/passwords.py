"""Hashing and checking passwords: expensive on purpose, so bounded; they are kept elsewhere."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from services.common.errors import Unavailable

T = TypeVar("T")
WAIT_SECONDS = 3
# OWASP's argon2id parameters for 19 MiB.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    matches: bool
    outdated: bool = False


class Passwords:
    """As many hashes at once as there are cores; each holds 19 MiB, so others wait for their turn."""

    def __init__(self) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(cores, thread_name_prefix="argon2")
        self._turns = asyncio.Semaphore(cores)
        self._nobody = HASHER.hash(secrets.token_urlsafe())

    async def hash(self, password: SecretStr) -> str:
        return await self._in_turn(lambda: HASHER.hash(password.get_secret_value()))

    async def check(self, password: SecretStr, known: str | None) -> Verdict:
        """Takes the same time whether or not there is a hash to compare with."""
        return await self._in_turn(lambda: _compare(known or self._nobody, password, known is not None))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._turn():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("Too many passwords are being checked, try again") from None
        try:
            yield
        finally:
            self._turns.release()


def _compare(known: str, password: SecretStr, exists: bool) -> Verdict:
    try:
        HASHER.verify(known, password.get_secret_value())
    except (VerificationError, InvalidHashError):
        return Verdict(False)
    return Verdict(exists, outdated=HASHER.check_needs_rehash(known))
