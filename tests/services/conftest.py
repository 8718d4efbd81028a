"""Fixtures for tests of auth, users and items: the platform runs once a test process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.postgres import Postgres
from tests.services.gateway.conftest import before
from tests.services.mailbox import Mailbox
from tests.services.people import Api, Person
from tests.services.processes import Platform, serving


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box
        box.shutdown()


@pytest.fixture(scope="session")
def platform(postgres: Postgres, mailbox: Mailbox) -> Iterator[Platform]:
    extra = {
        "users": {"PRIVATE_USERS": "true"},
        "auth": {
            "SMTP_URL": mailbox.url,
            "MAIL_FROM": "us@example.com",
            "PUBLIC_URL": "https://shop.example",
        },
    }
    with serving(postgres, "shared", extra) as running:
        yield running


@pytest.fixture
async def api(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> AsyncIterator[Api]:
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(timeout=15, limits=limits, verify=False) as client:
        if getattr(request, "param", "direct") == "direct":
            yield Api(platform, client)
        else:
            async with before(platform, tmp_path) as found:
                yield Api(platform, client, found.port)


@pytest.fixture
async def user(api: Api) -> Person:
    return await api.sign_up()


@pytest.fixture
async def other(api: Api) -> Person:
    return await api.sign_up()


@pytest.fixture(scope="session")
def familiar() -> dict[str, Person]:
    """People whom several tests may share, since a hash costs more than most tests."""
    return {}


async def _shared(
    familiar: dict[str, Person], name: str, api: Api, make: Callable[[], Awaitable[Person]]
) -> Person:
    if name in familiar:
        person = replace(familiar[name], api=api)
        if (await person.get("/users/me")).status_code == 200:
            return person
    familiar[name] = await make()
    return familiar[name]


@pytest.fixture
async def admin(api: Api, familiar: dict[str, Person]) -> Person:
    """The first superuser; tests leave its account as it was."""
    return await _shared(familiar, "admin", api, api.admin)


@pytest.fixture
async def someone(api: Api, familiar: dict[str, Person]) -> Person:
    """A user of tests that change nothing."""
    return await _shared(familiar, "someone", api, api.sign_up)
