"""The rules of sessions: how they begin, go on and end."""

from __future__ import annotations

import asyncio
import uuid

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth import allowances, feed, guessing, opaque, repository
from services.auth.accounts import Accounts
from services.auth.guessing import Guessing
from services.auth.schemas import AccountEvent, Identity, TokensOut
from services.auth.signing import Signer
from services.common.access_tokens import LIFETIME_SECONDS, Caller
from services.common.database import Database
from services.common.errors import ServiceError, Unauthorized

LONGEST_PASSWORD = 128
SECONDS_BETWEEN_SWEEPS = 60


class Sessions:
    def __init__(self, database: Database, accounts: Accounts, signer: Signer, guessing: Guessing) -> None:
        self._database = database
        self._guessing = guessing
        self._accounts = accounts
        self._signer = signer

    async def begin(self, email: str, password: str, client: str) -> TokensOut:
        wrong = ServiceError(400, "Incorrect email or password")
        # Such a password is nobody's; hashing it would only cost.
        if len(password) > LONGEST_PASSWORD:
            raise wrong
        async with self._guessing.attempt(email, client) as attempt:
            user = await self._accounts.verify(email, password)
            attempt.right, attempt.wrong = user is not None, user is None
        if user is None:
            raise wrong
        if not user.is_active:
            raise ServiceError(400, "Inactive user")
        refresh = opaque.fresh()
        async with self._database.transaction() as connection:
            family = await repository.begin_family(connection, user.id, user.version, opaque.digest(refresh))
            return await self._tokens(connection, user, family, refresh)

    async def go_on(self, given: SecretStr) -> TokensOut:
        """Exchange a refresh token. One that was used before betrays a thief: the whole family ends."""
        digest = opaque.digest(given.get_secret_value())
        async with self._database.statements() as connection:
            known = await repository.token(connection, digest)
        if known is None or known.expired:
            raise Unauthorized
        # The user is asked before the token is used up: a failure in between must not end the session.
        user = await self._accounts.by_id(known.user_id)
        welcome = user is not None and user.is_active and user.epoch <= known.version
        refresh = opaque.fresh()
        if welcome:
            async with self._database.transaction() as connection:
                if family := await repository.use_token(connection, digest):
                    await repository.add_token(connection, family, opaque.digest(refresh))
                    return await self._tokens(connection, user, family, refresh)
        await self._end(known.family_id)
        raise Unauthorized

    async def end(self, caller: Caller | None, given: SecretStr | None) -> None:
        """By access token, by refresh token, or both; at least one must be good."""
        known = None
        if given:
            async with self._database.statements() as connection:
                known = await repository.token(connection, opaque.digest(given.get_secret_value()))
        if caller:
            await self._end(uuid.UUID(caller.session_id), caller.token_id)
        elif known is None or known.expired or known.used_at or known.revoked_at:
            raise Unauthorized
        if known and (caller is None or known.user_id == caller.id):
            await self._end(known.family_id)

    async def user(self, caller: Caller) -> Identity:
        """The caller as the users service knows them now."""
        user = await self._accounts.by_id(caller.id)
        if user is None or not user.is_active:
            raise Unauthorized
        return user

    async def account_changed(self, user: uuid.UUID, event: AccountEvent) -> int:
        async with self._database.transaction() as connection:
            await repository.revoke_families_before(connection, user, event.epoch)
            return await feed.note_change(connection, user, event)

    async def sweep(self) -> None:
        """Forget what has expired; runs until cancelled."""
        while True:
            async with self._database.statements() as connection:
                await repository.remove_expired(connection)
                await guessing.forget(connection)
                await allowances.forget(connection)
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)

    async def _end(self, family: uuid.UUID, *token_ids: str) -> None:
        """Refresh tokens end by the family, access tokens by the feed."""
        async with self._database.transaction() as connection:
            if await repository.revoke_family(connection, family) or token_ids:
                await feed.revoke(connection, str(family), *token_ids)

    async def _tokens(
        self, connection: AsyncConnection, user: Identity, family: uuid.UUID, refresh: str
    ) -> TokensOut:
        access = self._signer.access_token(user, family, await feed.generation(connection))
        return TokensOut(access_token=access, refresh_token=refresh, expires_in=LIFETIME_SECONDS)
