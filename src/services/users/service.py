"""The rules of accounts: what a change means for sessions, items and the last superuser."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from pydantic import SecretStr
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.common.conditions import Conditions, precondition_failed, tagged
from services.common.database import Database
from services.common.errors import ServiceError
from services.common.fields import normalise_email
from services.common.idempotency import Idempotency, Once
from services.users import repository
from services.users.outbox import Message, Outbox
from services.users.passwords import Passwords
from services.users.schemas import NewUser, Registration, UserOut

TAKEN_ON_CREATE = "The user with this email already exists in the system."
TAKEN_ON_SIGNUP = "The user with this email already exists in the system"
TAKEN_ON_CHANGE = "User with this email already exists"
LAST_SUPERUSER = "The last superuser cannot be demoted, disabled or deleted"
SELF_DELETION = "Super users are not allowed to delete themselves"


class UserService:
    def __init__(
        self, database: Database, passwords: Passwords, outbox: Outbox, idempotency: Idempotency
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._outbox = outbox
        self._idempotency = idempotency
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def find(self, user: uuid.UUID) -> Row[Any] | None:
        async with self._database.statements() as connection:
            return await repository.by_id(connection, user)

    async def find_by_email(self, email: str) -> Row[Any] | None:
        """Takes any spelling; what is not an address belongs to nobody."""
        try:
            address = normalise_email(email)
        except ValueError:
            return None
        async with self._database.statements() as connection:
            return await repository.by_email(connection, address)

    async def create(self, new: Registration | NewUser, taken: str, once: Once) -> Response:
        """`taken` is the sentence for an address that is known."""
        # Many at once for one address would all pay for a hash, only to find the address taken.
        async with self._creating.setdefault(new.email, asyncio.Lock()):
            known = await self.find_by_email(new.email)
            # Looked for second: whoever made the user with this key has kept the answer by then.
            if first := await once.first():
                return first
            if known:
                raise ServiceError(400, taken)
            values = {"is_active": True, "is_superuser": False} | new.model_dump(exclude={"password"})
            values["password_hash"] = await self._passwords.hash(new.password)

            async def work(connection: AsyncConnection) -> Response:
                return tagged(UserOut, await repository.add(connection, values))

            try:
                return await once.make(work)
            except IntegrityError:
                raise ServiceError(400, taken) from None

    async def verify(self, email: str, password: SecretStr) -> Row[Any] | None:
        """The user whose password this is; an unknown address costs the same time."""
        user = await self.find_by_email(email)
        verdict = await self._passwords.check(password, user.password_hash if user else None)
        if user is None or not verdict.matches:
            return None
        if verdict.outdated:
            renewed = await self._passwords.hash(password)
            async with self._database.statements() as connection:
                await repository.upgrade_hash(connection, user.id, user.password_hash, renewed)
        return user

    async def change(
        self, user: uuid.UUID, changes: Mapping[str, Any], conditions: Conditions, missing: str
    ) -> Row[Any]:
        """`missing` is the sentence for an id that nobody has."""
        values = dict(changes)
        if password := values.pop("password", None):
            values["password_hash"] = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            if _weakens(values):
                await repository.lock_superusers(connection)
            before = await repository.by_id(connection, user, lock=True)
            if before is None:
                raise ServiceError(404, missing)
            if not conditions.met_by(before.revision):
                raise precondition_failed()
            after, ids = await self._apply(connection, before, values)
            if _weakens(values):
                await _refuse_without_superuser(connection, before)
        await self._outbox.deliver(ids)
        return after

    async def change_own_password(
        self, user: Row[Any], current: SecretStr, new: SecretStr, token_id: str
    ) -> None:
        if not (await self._passwords.check(current, user.password_hash)).matches:
            raise ServiceError(400, "Incorrect password")
        if current.get_secret_value() == new.get_secret_value():
            raise ServiceError(400, "New password cannot be the same as the current one")
        values = {"password_hash": await self._passwords.hash(new)}
        async with self._database.transaction() as connection:
            before = await repository.by_id(connection, user.id, lock=True)
            # Of two changes at once the second one was made with what is no longer the password.
            if before is None or before.password_hash != user.password_hash:
                raise ServiceError(400, "Incorrect password")
            _, ids = await self._apply(connection, before, values, spared=token_id)
        await self._outbox.deliver(ids)

    async def reset_password(self, user: uuid.UUID, new: SecretStr, version: int) -> bool:
        """False when the account has had another password, or was disabled, since `version`."""
        # Asked twice: before paying for a hash, and with the row locked.
        if not _unchanged_since(version, await self.find(user)):
            return False
        values = {"password_hash": await self._passwords.hash(new)}
        async with self._database.transaction() as connection:
            before = await repository.by_id(connection, user, lock=True)
            if before is None or not _unchanged_since(version, before):
                return False
            _, ids = await self._apply(connection, before, values)
        await self._outbox.deliver(ids)
        return True

    async def delete(self, user: uuid.UUID, conditions: Conditions) -> None:
        async with self._database.transaction() as connection:
            await repository.lock_superusers(connection)
            before = await repository.by_id(connection, user, lock=True)
            if before is None:
                raise ServiceError(404, "User not found")
            if not conditions.met_by(before.revision):
                raise precondition_failed()
            await repository.remove(connection, user)
            await self._idempotency.forget(connection, user)
            await _refuse_without_superuser(connection, before)
            version = before.version + 1
            account = _account(user, version, version, False)
            purge = Message("items", "DELETE", f"/internal/owners/{user}/items")
            ids = await self._outbox.add(connection, [account, purge])
        await self._outbox.deliver(ids)

    async def _apply(
        self, connection: AsyncConnection, before: Row[Any], values: dict[str, Any], spared: str | None = None
    ) -> tuple[Row[Any], list[int]]:
        """Change the row; when that concerns its tokens, raise the version and tell auth."""
        role = values.get("is_superuser", before.is_superuser)
        disabled = before.is_active and not values.get("is_active", True)
        ends_sessions = "password_hash" in values or disabled
        concerns_tokens = ends_sessions or role != before.is_superuser
        if concerns_tokens:
            values["version"] = before.version + 1
        if ends_sessions:
            values["epoch"] = before.version + 1
        try:
            after = await repository.change(connection, before.id, values) if values else before
        except IntegrityError:
            raise ServiceError(409, TAKEN_ON_CHANGE) from None
        if not concerns_tokens:
            return after, []
        message = _account(after.id, after.version, values.get("epoch", 0), role, spared)
        return after, await self._outbox.add(connection, [message])


def _account(
    user: uuid.UUID, version: int, epoch: int, is_superuser: bool, spared: str | None = None
) -> Message:
    body = {"version": version, "epoch": epoch, "is_superuser": is_superuser, "spared": spared}
    return Message("auth", "PUT", f"/internal/accounts/{user}", body)


def _unchanged_since(version: int, user: Row[Any] | None) -> bool:
    return user is not None and user.is_active and user.epoch <= version


def _weakens(values: Mapping[str, Any]) -> bool:
    return values.get("is_superuser") is False or values.get("is_active") is False


async def _refuse_without_superuser(connection: AsyncConnection, before: Row[Any]) -> None:
    if before.is_superuser and before.is_active and not await repository.active_superusers(connection):
        raise ServiceError(403, LAST_SUPERUSER)
