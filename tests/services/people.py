"""What tests do as somebody: sign up, log in, send a request to the service that answers a path."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.services.processes import ADMIN, Platform

BASE = "/api/v1"
PASSWORD = "correct horse battery"
# Which way the requests of a test go; without it they go to the services themselves.
THROUGH_THE_GATEWAY = pytest.mark.parametrize("api", ["gateway"], indirect=True)
BOTH_WAYS = pytest.mark.parametrize("api", ["gateway", "direct"], indirect=True)
PATHS = {"users": "users", "private": "users", "items": "items"}


def fresh_email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


@dataclass
class Person:
    """A user with the tokens of one login; without a token: anybody."""

    api: Api
    email: str = ""
    password: str = ""
    access: str = ""
    refresh: str = ""
    id: str = ""

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self.access:
            headers["Authorization"] = f"Bearer {self.access}"
        return await self.api.send(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.send("POST", path, json=body, **options)

    async def patch(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return await self.send("PATCH", path, json=body, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("DELETE", path, **options)

    async def add_item(self, **fields: Any) -> dict:
        answer = await self.post("/items/", {"title": "a thing"} | fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def again(self) -> Person:
        """The same user, logged in once more."""
        return await self.api.log_in(self.email, self.password)


class Api:
    """Asks the gateway if there is one, else as it would: the service that a path belongs to."""

    def __init__(self, platform: Platform, client: httpx.AsyncClient, gateway: int | None = None) -> None:
        """`gateway` is its port."""
        self.platform = platform
        self.gateway = gateway
        self._client = client

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        service = PATHS.get(path.split("/")[1], "auth")
        return await self.ask(service, method, BASE + path, **options)

    async def ask(self, service: str, method: str, path: str, **options: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{self.gateway}" if self.gateway else self.platform.services[service].url
        return await self._client.request(method, url + path, **options)

    @property
    def anybody(self) -> Person:
        return Person(self)

    async def sign_up(self, email: str | None = None, password: str = PASSWORD, **fields: Any) -> Person:
        email = email or fresh_email()
        body = {"email": email, "password": password} | fields
        answer = await self.anybody.post("/users/signup", body)
        assert answer.status_code == 200, answer.text
        return await self.log_in(email, password)

    async def try_log_in(self, email: str, password: str, client: str | None = None) -> httpx.Response:
        """`client` is the address that the gateway would tell; without it, it is ours."""
        form = {"username": email, "password": password}
        headers = {"X-Forwarded-For": client} if client else {}
        return await self.send("POST", "/login/access-token", data=form, headers=headers)

    async def log_in(self, email: str, password: str) -> Person:
        async with asyncio.timeout(60):  # a service that still hashes what others have sent says 503
            while (answer := await self.try_log_in(email, password)).status_code == 503:
                await asyncio.sleep(0.2)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        person = Person(self, email, password, tokens["access_token"], tokens["refresh_token"])
        person.id = (await person.get("/users/me")).json()["id"]
        return person

    async def admin(self) -> Person:
        return await self.log_in(*ADMIN)

    async def superuser(self) -> Person:
        """Another one than the first, made by it."""
        email = fresh_email()
        body = {"email": email, "password": PASSWORD, "is_superuser": True}
        answer = await (await self.admin()).post("/users/", body)
        assert answer.status_code == 200, answer.text
        return await self.log_in(email, PASSWORD)
