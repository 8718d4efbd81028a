"""Puts a service together from the kit; what it answers is in its endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, FastAPI

from services.common import errors, logging
from services.common.access_tokens import AccessTokens
from services.common.background import Background, end_all, kept_running
from services.common.database import Database
from services.common.keys import PublicKeys
from services.common.observation import Observation
from services.common.peers import Peers
from services.common.revocations import Feed, RevocationView
from services.common.schema_version import SchemaVersion
from services.common.service_tokens import ServiceTokens
from services.common.settings import ServiceSettings

# Given to each router and not where it is included, so that a route knows the whole of its template.
PREFIX = "/api/v1"
# Requests may be waiting for what is read, and the next try comes soon.
READ_SECONDS = 1
PATIENCE = 5
# Within the two seconds that a process may take after draining.
FINISH_SECONDS = 1
log = structlog.get_logger()


@dataclass
class Kit:
    """What every request of one service may use."""

    name: str
    settings: ServiceSettings
    database: Database
    service_tokens: ServiceTokens
    peers: Peers
    access: AccessTokens


def kit(name: str, settings: ServiceSettings) -> Kit:
    """The parts as they are in every service; auth, which owns keys and feed, replaces `access`."""
    database = Database(settings.database_url, name, settings.pool_size)
    tokens = ServiceTokens(name, settings.internal_key, settings.internal_keys)
    addresses = {"auth": settings.auth_url, "users": settings.users_url, "items": settings.items_url}
    peers = Peers(tokens, addresses)

    async def key_set() -> dict:
        async with asyncio.timeout(READ_SECONDS):
            return await peers.call("GET", "auth", "/.well-known/jwks.json")

    async def feed(generation: str | None, sequence: int) -> Feed:
        query = f"?since={sequence}" + (f"&generation={generation}" if generation else "")
        async with asyncio.timeout(READ_SECONDS):
            return Feed.model_validate(await peers.call("GET", "auth", f"/internal/revocations{query}"))

    access = AccessTokens(PublicKeys(key_set), RevocationView(feed))
    return Kit(name, settings, database, tokens, peers, access)


async def _nothing() -> None:
    """What most services have to finish."""


def service_app(
    parts: Kit,
    routers: Sequence[APIRouter],
    background: Sequence[Background] = (),
    finish: Background = _nothing,
) -> FastAPI:
    """The ASGI application of one service, with its readiness checks in `app.state.readiness`.

    `finish` returns when the background tasks have done what was promised; they are stopped soon, either way.
    """
    logging.configure(parts.name, parts.settings.release, parts.settings.log_level)
    app = FastAPI(
        title=parts.name,
        version=parts.settings.release,
        # Read by the gateway, which merges those of all services and does not route this path.
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(parts, (parts.access.keys.follow, parts.access.view.follow, *background), finish),
    )
    app.state.kit = parts
    app.state.readiness = {
        "database": parts.database.answers,
        "migrations": SchemaVersion(parts.database).fits,
        "keys": lambda: _keys(parts.access),
    }
    app.state.ages = {"revocations": lambda: parts.access.view.used_age}
    errors.install(app)
    app.add_middleware(Observation, service=parts.name, release=parts.settings.release)
    for router in routers:
        app.include_router(router)
    return app


async def _keys(access: AccessTokens) -> str | None:
    if not len(access.keys):
        return "no public key of the auth service is known yet"
    if not access.view.loaded:
        return "the revocations of the auth service have not been read yet"
    access.view.hurry()  # whoever asks may wait for revocations that are younger than the question
    return None


def _lifespan(parts: Kit, background: Sequence[Background], finish: Background):
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await parts.peers.open()
        running = [asyncio.create_task(kept_running(each)) for each in background]
        try:
            await _until_ready(app)
            yield
            await _in_time(finish)
        finally:
            await end_all(running)
            await parts.peers.close()
            await parts.database.close()

    return lifespan


async def _in_time(finish: Background) -> None:
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            await finish()
    except TimeoutError:
        log.warning("stopping although not everything is finished", waited_seconds=FINISH_SECONDS)


async def _until_ready(app: FastAPI) -> None:
    """Accept nothing before the checks pass: another process of the service may share the socket.

    After PATIENCE seconds it accepts all the same, so that callers get an answer that says what is missing.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            while any([await check() for check in app.state.readiness.values()]):
                await asyncio.sleep(0.05)
    except TimeoutError:
        log.warning("accepting requests although not ready", waited_seconds=PATIENCE)
