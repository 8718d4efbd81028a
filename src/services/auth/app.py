"""The auth service as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI

from services.auth import endpoints, feed, internal_endpoints
from services.auth.accounts import Accounts
from services.auth.allowances import Allowances
from services.auth.guessing import Guessing
from services.auth.mail import Mailer
from services.auth.recovery import Recovery
from services.auth.service import Sessions
from services.auth.settings import AuthSettings
from services.auth.signing import Signer
from services.common.access_tokens import AccessTokens
from services.common.app import Kit, kit, service_app
from services.common.keyed import Keyed
from services.common.keys import PublicKeys
from services.common.revocations import Feed, RevocationView
from services.common.settings import load

MAILS_AT_ONCE = 4


def create_app(settings: AuthSettings | None = None) -> FastAPI:
    settings = settings or load(AuthSettings)
    parts = kit("auth", settings)
    signer = Signer(settings.signing_keys)
    parts.access = _own_access(parts, signer)
    accounts = Accounts(parts.peers)
    guessing = Guessing(parts.database, Keyed(settings.internal_key, "failed logins"))
    sessions = Sessions(parts.database, accounts, signer, guessing)
    keyed = Keyed(settings.internal_key, "mail addresses")
    recovery = Recovery(parts.database, accounts, _mailer(settings), keyed)
    background = [sessions.sweep, *[recovery.work] * MAILS_AT_ONCE]
    routers = [endpoints.router, endpoints.keys, internal_endpoints.router]
    app = service_app(parts, routers, background, finish=recovery.finish)
    app.state.allowances = Allowances(Keyed(settings.internal_key, "allowances"))
    app.state.signer, app.state.sessions, app.state.recovery = signer, sessions, recovery
    return app


def _own_access(parts: Kit, signer: Signer) -> AccessTokens:
    """Auth reads from itself what the other services read from it by HTTP."""

    async def key_set() -> dict:
        return signer.published

    async def own_feed(generation: str | None, since: int) -> Feed:
        async with parts.database.statements() as connection:
            return await feed.read(connection, generation, since)

    return AccessTokens(PublicKeys(key_set), RevocationView(own_feed))


def _mailer(settings: AuthSettings) -> Mailer | None:
    if settings.smtp_url and settings.mail_from:
        return Mailer(settings.smtp_url, settings.mail_from, settings.public_url)
    return None
