"""The signing key is replaced while clients go on: published first, then signing, the old one taken away."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from tests.postgres import Postgres
from tests.services.people import BASE, PASSWORD, fresh_email
from tests.services.processes import Platform, Service, serving

CLIENTS = 4


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Iterator[Platform]:
    with serving(postgres, "rotation") as running:
        yield running


def key_of(token: str) -> str:
    return jws.extract_compact(token.encode()).headers()["kid"]


class Auth:
    """Two processes behind one listening socket, replaced one after the other, as a rollout does."""

    def __init__(self, platform: Platform) -> None:
        self._first = platform.services["auth"]
        self._made = 0
        self.running = [self._first, self._another(self._first.environment)]

    def _another(self, environment: dict[str, str]) -> Service:
        self._made += 1
        place = {"CONTROL_SOCKET": str(self._first.folder / f"auth-{self._made}.sock")}
        started = replace(self._first, environment=environment | place, process=None)
        started.start()
        started.wait_until_ready()
        return started

    def roll(self, *keys: RSAKey) -> None:
        signing = json.dumps({"keys": [key.as_dict(private=True) for key in keys]})
        for number, old in enumerate(self.running):
            self.running[number] = self._another(old.environment | {"SIGNING_KEYS": signing})
            old.stop()

    def stop(self) -> None:
        for each in self.running:
            each.stop()


@pytest.fixture
def auth(own: Platform) -> Iterator[Auth]:
    found = Auth(own)
    yield found
    found.stop()


class Client:
    """Logs in, then refreshes and reads with its oldest and its newest token, again and again."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.answers: Counter[tuple[str, int]] = Counter()
        self.keys: set[str] = set()
        self.oldest = ""

    async def work(self, done: asyncio.Event) -> None:
        email = fresh_email()
        await self._ask("POST", "/users/signup", json={"email": email, "password": PASSWORD})
        form = {"username": email, "password": PASSWORD}
        tokens = (await self._ask("POST", "/login/access-token", data=form)).json()
        self.oldest = tokens["access_token"]
        while not done.is_set():
            refresh = {"refresh_token": tokens["refresh_token"]}
            tokens = (await self._ask("POST", "/login/refresh", json=refresh)).json()
            self.keys.add(key_of(tokens["access_token"]))
            for token in (tokens["access_token"], self.oldest):
                for path in ("/items/", "/users/me", "/auth/verify"):
                    await self._ask("GET", path, headers={"Authorization": f"Bearer {token}"})

    async def _ask(self, method: str, path: str, **options: object) -> httpx.Response:
        answer = await self._http.request(method, BASE + path, **options)  # type: ignore[arg-type]
        self.answers[path, answer.status_code] += 1
        return answer


async def test_a_new_signing_key_costs_no_request(own: Platform, auth: Auth) -> None:
    old, new = own.keys.signing, RSAKey.generate_key(2048, {"kid": "signing-2"})
    plenty = dict.fromkeys(
        ("LIMIT_AVERAGE", "LIMIT_BURST", "LOGIN_LIMIT_AVERAGE", "LOGIN_LIMIT_BURST"), "10000"
    )
    done = asyncio.Event()
    with own.gateways(1, **plenty) as (gateway,):
        async with httpx.AsyncClient(base_url=gateway.url, timeout=15, verify=False) as http:
            clients = [Client(http) for _ in range(CLIENTS)]
            async with asyncio.TaskGroup() as working:
                for client in clients:
                    working.create_task(client.work(done))
                for keys in ((old, new), (new, old)):
                    await asyncio.to_thread(auth.roll, *keys)
                    await asyncio.sleep(0.5)
                done.set()
            answers = sum((client.answers for client in clients), Counter())
            assert {status for _, status in answers} == {200}, answers
            assert set.union(*(client.keys for client in clients)) == {"signing-1", "signing-2"}

            await asyncio.to_thread(auth.roll, new)
            refused = await _until_refused(http, clients[0].oldest)
            assert refused < 45, "a key that is no longer published is honoured"


async def _until_refused(http: httpx.AsyncClient, token: str) -> float:
    """Seconds until no service takes the token any more, at most 60."""
    began = time.monotonic()
    while time.monotonic() - began < 60:
        head = {"Authorization": f"Bearer {token}"}
        statuses = {
            (await http.get(BASE + path, headers=head)).status_code for path in ("/items/", "/users/me")
        }
        if statuses == {401}:
            break
        await asyncio.sleep(0.5)
    return time.monotonic() - began
