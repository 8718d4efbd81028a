"""Password recovery: a token by mail, then a new password for the token."""

from __future__ import annotations

import asyncio

import aiosmtplib
import structlog
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from services.auth import opaque, repository
from services.auth.accounts import Accounts
from services.auth.mail import Mailer, put_off
from services.common.database import Database
from services.common.errors import ServiceError
from services.common.keyed import Keyed

WAITING = 1000
MAILS_AN_HOUR = 3
SECONDS_BETWEEN_TRIES = (1, 5, 25)
log = structlog.get_logger()


class Recovery:
    """Asking only puts the address into a queue, so it takes the same time for every address."""

    def __init__(self, database: Database, accounts: Accounts, mailer: Mailer | None, keyed: Keyed) -> None:
        self._database = database
        self._keyed = keyed
        self._accounts = accounts
        self._mailer = mailer
        self._asked: asyncio.Queue[str] = asyncio.Queue(WAITING)

    def ask(self, email: str) -> None:
        if self._mailer is None:
            return
        try:
            self._asked.put_nowait(email)
        except asyncio.QueueFull:
            log.warning("recovery refused, too many are waiting", waiting=WAITING)

    async def work(self) -> None:
        """Send what has been asked for; runs until cancelled."""
        while True:
            email = await self._asked.get()
            try:
                await self._send(email)
            except (ServiceError, SQLAlchemyError, OSError, aiosmtplib.SMTPException) as error:
                # Neither the address nor the server's answer, which may quote it.
                log.error("recovery mail not sent", error=type(error).__name__)
            finally:
                self._asked.task_done()

    async def finish(self) -> None:
        """Returns when nothing that was asked for is left to send; for a process that ends."""
        await self._asked.join()

    async def _send(self, email: str) -> None:
        user = await self._accounts.by_email(email)
        if user is None or not user.is_active:
            return
        token = opaque.fresh()
        async with self._database.transaction() as connection:
            address = self._keyed(user.email.encode())
            if await repository.mailed(connection, user.id, address) >= MAILS_AN_HOUR:
                return
            await repository.add_reset(connection, user, address, opaque.digest(token))
        await self._deliver(user.email, token)

    async def _deliver(self, email: str, token: str) -> None:
        """A server that is away, or wants to be asked later, is asked later; one that refuses is believed."""
        for seconds in SECONDS_BETWEEN_TRIES:
            try:
                return await self._mailer.send_recovery(email, token)
            except (OSError, aiosmtplib.SMTPException) as error:
                if not put_off(error):
                    raise
                log.warning("recovery mail put off", error=type(error).__name__)
            await asyncio.sleep(seconds)
        return await self._mailer.send_recovery(email, token)

    async def reset(self, token: SecretStr, password: SecretStr) -> None:
        """The users service judges the version: one reset raises it, so the token works once.

        Tokens stay until they expire, because they are counted.
        """
        async with self._database.statements() as connection:
            known = await repository.reset(connection, opaque.digest(token.get_secret_value()))
        invalid = ServiceError(400, "Invalid token")
        if known is None:
            raise invalid
        if not await self._accounts.reset_password(known.user_id, password.get_secret_value(), known.version):
            raise invalid
