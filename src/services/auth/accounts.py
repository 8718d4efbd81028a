"""What auth asks the users service, which alone knows passwords."""

from __future__ import annotations

import uuid

from services.auth.schemas import Identity
from services.common.peers import Peers


class Accounts:
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def verify(self, email: str, password: str) -> Identity | None:
        return await self._user("POST", "/internal/credentials", {"email": email, "password": password})

    async def by_email(self, email: str) -> Identity | None:
        return await self._user("POST", "/internal/lookup", {"email": email})

    async def by_id(self, user: uuid.UUID) -> Identity | None:
        return await self._user("GET", f"/internal/users/{user}")

    async def reset_password(self, user: uuid.UUID, password: str, version: int) -> bool:
        """False when the account has changed since `version`."""
        body = {"password": password, "version": version}
        answer = await self._peers.call("PUT", "users", f"/internal/users/{user}/password", body)
        return answer["changed"]

    async def _user(self, method: str, path: str, body: dict | None = None) -> Identity | None:
        found = (await self._peers.call(method, "users", path, body))["user"]
        return Identity.model_validate(found) if found else None
