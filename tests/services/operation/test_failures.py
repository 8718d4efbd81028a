"""The platform while something it needs is away, and after."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import RSAKey

from services.auth.settings import AuthSettings
from services.common.settings import MissingSettings, load
from tests.postgres import SERVICES, Postgres
from tests.services.people import Api, Person
from tests.services.processes import ADMIN, Platform, serving

# What stops and starts again must not be shared with tests that count on it.
pytestmark = pytest.mark.timeout(120)


async def until(check: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Iterator[Platform]:
    mail = {"SMTP_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "us@example.com"}
    with serving(postgres, "failures", {"auth": mail}) as running:
        yield running


@pytest.fixture
async def api(own: Platform) -> AsyncIterator[Api]:
    """Once all is as if nothing had been away before."""
    async with httpx.AsyncClient(timeout=15, verify=False) as client:
        asking = Api(own, client)

        async def calm() -> bool:
            form = await asking.try_log_in(*ADMIN)
            admin = Person(asking, access=form.json().get("access_token", "none"))
            answers = [await admin.get(path) for path in ("/users/me", "/items/", "/auth/verify")]
            return all(answer.status_code == 200 for answer in answers)

        await until(calm, 20)
        yield asking


@pytest.mark.parametrize("name", SERVICES)
def test_a_process_without_its_settings_names_all_and_ends(platform: Platform, name: str) -> None:
    complete = platform.services[name].environment
    needed = ["DATABASE_URL", "INTERNAL_KEY", "INTERNAL_KEYS", "AUTH_URL", "USERS_URL", "ITEMS_URL"]
    needed += ["SIGNING_KEYS"] if name == "auth" else []
    environment = {key: value for key, value in complete.items() if key not in needed}
    done = subprocess.run(
        [sys.executable, "-m", "services.common.serve", name],
        env=environment | {"POOL_SIZE": "many"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 78
    said = json.loads(done.stdout.splitlines()[0])
    assert set(said["missing"]) == set(needed)
    assert list(said["invalid"]) == ["POOL_SIZE"]


def short_key() -> dict:
    key = generate_private_key(65537, 1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"kid": "a"} | RSAKey.import_key(key).as_dict(private=True)


OCTETS = '{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}'
SHORT = json.dumps({"keys": [short_key()]})
PUBLIC = json.dumps({"keys": [RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=False)]})
BAD_KEYS = {"none": "", "empty": "{}", "list": "[]", "text": "x", "no keys": '{"keys": []}'}
BAD_KEYS |= {"octets": OCTETS, "short": SHORT, "public": PUBLIC, "not a list": '{"keys": {}}'}


def load_with(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> MissingSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MissingSettings) as refused:
        load(AuthSettings)
    return refused.value


@pytest.mark.parametrize("bad", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_auth_refuses_keys_that_cannot_sign_without_showing_them(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    refused = load_with(monkeypatch, platform.services["auth"].environment | {"SIGNING_KEYS": bad})
    assert [*refused.names, *refused.invalid] == ["SIGNING_KEYS"]
    assert len(str(refused)) < 150


def test_a_mail_server_needs_a_sender(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = {"SMTP_URL": "smtp://127.0.0.1:25", "MAIL_FROM": ""}
    refused = load_with(monkeypatch, platform.services["auth"].environment | mail)
    assert "MAIL_FROM" in str(refused)


async def test_the_first_request_after_a_database_switch_succeeds(api: Api) -> None:
    user = await api.sign_up()
    item = await user.add_item()
    name = api.platform.database.name
    api.platform.postgres.query(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;"
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';"
        f"BEGIN; ALTER DATABASE {name} RENAME TO {name}_b; ALTER DATABASE {name}_b RENAME TO {name}; COMMIT;"
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"
    )
    assert (await user.get(f"/items/{item['id']}")).json() == item
    assert (await user.get("/users/me")).status_code == 200
    assert (await user.again()).id == user.id


async def test_a_database_that_lets_nobody_in_is_unavailable_and_not_an_error(api: Api) -> None:
    user, name = await api.sign_up(), api.platform.database.name
    api.platform.postgres.query(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;"
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    try:
        for path in ("/items/", "/users/me"):
            assert (await user.get(path)).status_code == 503
    finally:
        api.platform.postgres.query(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert (await user.get("/users/me")).status_code == 200


async def test_services_outlive_a_restart_of_the_database(api: Api) -> None:
    user = await api.sign_up()
    item = await user.add_item()
    api.platform.postgres.stop(signal.SIGQUIT)
    try:
        answer = await user.get(f"/items/{item['id']}")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert (await api.try_log_in(user.email, user.password)).status_code == 503
        for service in api.platform.services.values():
            assert (await asyncio.to_thread(service.control, "/livez")).status_code == 200
            ready = await asyncio.to_thread(service.control, "/readyz")
            assert ready.status_code == 503
            assert "does not answer" in ready.json()["checks"]["database"]
    finally:
        api.platform.postgres.start()
    assert (await user.get(f"/items/{item['id']}")).json() == item
    assert (await api.try_log_in(user.email, user.password)).status_code == 200


async def test_without_auth_tokens_are_honoured_for_five_seconds_only(api: Api) -> None:
    user = await api.sign_up()
    auth = api.platform.services["auth"]
    auth.stop()
    try:
        assert (await user.get("/items/")).status_code == 200
        await asyncio.sleep(5.2)
        for path in ("/items/", "/users/me"):
            answer = await user.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (await Person(api, access="x.y.z").get("/items/")).status_code == 401
        body = {"email": "while-away@example.com", "password": "long enough"}
        assert (await api.anybody.post("/users/signup", body)).status_code == 200
        items = await asyncio.to_thread(api.platform.services["items"].control, "/readyz")
        assert items.status_code == 200
    finally:
        auth.start()
        auth.wait_until_ready()

    async def back() -> bool:
        return (await user.get("/items/")).status_code == 200

    await until(back)


async def test_a_recovery_does_not_wait_for_what_tells_known_from_unknown(api: Api) -> None:
    user = await api.sign_up()
    users = api.platform.services["users"]
    users.process.send_signal(signal.SIGSTOP)
    try:
        for email in (user.email, "unknown@example.com"):
            async with asyncio.timeout(1):
                assert (await api.anybody.post(f"/password-recovery/{email}")).status_code == 200
    finally:
        users.process.send_signal(signal.SIGCONT)


async def test_without_users_a_login_is_unavailable_and_a_session_survives(api: Api) -> None:
    user = await api.sign_up()
    users = api.platform.services["users"]
    users.process.send_signal(signal.SIGSTOP)
    try:
        answer = await api.anybody.post("/login/refresh", {"refresh_token": user.refresh})
        assert answer.status_code == 503
    finally:
        users.process.send_signal(signal.SIGCONT)
    again = await api.anybody.post("/login/refresh", {"refresh_token": user.refresh})
    assert again.status_code == 200


async def test_items_of_a_deleted_user_go_once_items_is_back(api: Api) -> None:
    user, admin = await api.sign_up(), await api.admin()
    item = await user.add_item()
    items = api.platform.services["items"]
    items.stop()
    try:
        assert (await admin.delete(f"/users/{user.id}")).status_code == 200
    finally:
        items.start()
        items.wait_until_ready()

    async def gone() -> bool:
        return (await admin.get(f"/items/{item['id']}")).status_code == 404

    await until(gone, 15)

    async def delivered() -> bool:
        return api.platform.query("SELECT count(*) FROM users.outbox") == ["0"]

    await until(delivered)


async def test_a_revocation_arrives_once_auth_is_back(api: Api) -> None:
    user, admin = await api.sign_up(), await api.admin()
    auth = api.platform.services["auth"]
    auth.stop()
    try:
        answer = await admin.patch(f"/users/{user.id}", {"is_active": False})
        assert answer.status_code == 200
    finally:
        auth.start()
        auth.wait_until_ready()

    async def refused() -> bool:
        return (await user.get("/items/")).status_code == 401

    await until(refused, 15)


async def test_the_key_set_is_read_again_for_a_key_that_is_new(api: Api) -> None:
    """A key is published before it signs; a service that has not seen it asks, and refuses nobody."""
    user = await api.sign_up()
    auth, keys = api.platform.services["auth"], api.platform.keys
    old, new = keys.signing, RSAKey.generate_key(2048, {"kid": "signing-2"})
    both = {"keys": [new.as_dict(private=True), old.as_dict(private=True)]}
    auth.stop()
    auth.environment["SIGNING_KEYS"] = json.dumps(both)
    auth.start()
    auth.wait_until_ready()

    async def back() -> bool:
        answers = [await user.get(path) for path in ("/items/", "/users/me")]
        return all(answer.status_code == 200 for answer in answers)

    # With one process of auth there is a gap, which may have been longer than tokens are honoured.
    await until(back)
    later = await user.again()
    assert jws.extract_compact(later.access.encode()).headers()["kid"] == "signing-2"
    assert (await later.get("/items/")).status_code == 200
    assert (await user.get("/items/")).status_code == 200
