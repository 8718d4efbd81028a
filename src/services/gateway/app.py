"""The gateway as an ASGI application: the order in which a request meets what the other files know."""

from __future__ import annotations

import asyncio
import json
import logging
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from joserfc.jwk import KeySet

from services.common import access_log, metrics, settings
from services.common import logging as structured
from services.common.service_tokens import ServiceTokens
from services.gateway import docs_page
from services.gateway import headers as head
from services.gateway.client_address import allowance_key, client_address
from services.gateway.controls import Controls
from services.gateway.cors import Cors
from services.gateway.documents import Documents
from services.gateway.exchange import Exchange
from services.gateway.hold import Hold
from services.gateway.hosts import Hosts
from services.gateway.limiter import Limiter
from services.gateway.maintenance import Maintenance
from services.gateway.paths import checked
from services.gateway.proxy import Proxy
from services.gateway.refusal import Refusal, unavailable
from services.gateway.routing import BASE, Route, Routes
from services.gateway.settings import Settings
from services.gateway.sharing import Sharing
from services.gateway.upstreams import Upstreams

JSON = [(b"content-type", b"application/json")]
USERS = f"{BASE}/users"
HTML = [(b"content-type", b"text/html; charset=utf-8")]


def create_app() -> Gateway:
    found = settings.load(Settings)
    structured.configure("gateway", found.release, found.log_level)
    return Gateway(found)


class Gateway:
    """`state` offers what the control listener of the process serves."""

    def __init__(self, found: Settings) -> None:
        self._settings = found
        self._routes = Routes(private_users=found.private_users)
        addresses = {"auth": found.auth_url, "users": found.users_url, "items": found.items_url}
        self._upstreams = Upstreams(addresses)
        self._proxy = Proxy(self._upstreams, found.deadline_seconds, found.trusted_hops)
        self._documents = Documents(self._upstreams, self._routes, found.release)
        self._hold = Hold(found.hold_seconds)
        self._maintenance = Maintenance(found.state_file)
        self._hosts = Hosts(found.hosts)
        self._cors = Cors(found.cors_origins)
        self._limit = Limiter(found.limit_average, found.limit_burst, replicas=found.replicas)
        self._login_limit = Limiter(
            found.login_limit_average, found.login_limit_burst, replicas=found.replicas
        )
        self._sharing = self._shared(found)
        controls = Controls(self._hold, self._maintenance, self._upstreams, found.deadline_seconds)
        readiness = {"state": self._maintenance.readable}
        self.state = SimpleNamespace(readiness=readiness, control=controls.commands())

    def _shared(self, found: Settings) -> Sharing | None:
        if found.replicas == 1 or found.internal_key is None:
            return None
        tokens = ServiceTokens("gateway", found.internal_key, KeySet([]))
        return Sharing(self._upstreams, tokens, {"all": self._limit, "login": self._login_limit})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        exchange = Exchange(scope, receive, send, self._settings.body_limit)
        try:
            await self._answer(exchange)
        except Refusal as refusal:
            if not exchange.started:
                await exchange.refuse(refusal)
        except asyncio.CancelledError:
            # draining is over and this request is not
            exchange.body.given_up = True
            if not exchange.started:
                await exchange.refuse(unavailable(503, "The gateway is stopping", 1))
        except Exception:
            logging.getLogger(__name__).exception("unexpected failure")
            if not exchange.started:
                await exchange.refuse(Refusal(500, "Internal Server Error"))
        finally:
            seconds = perf_counter() - exchange.began
            metrics.observe("gateway", exchange.method, exchange.template, exchange.status, seconds)
            self._log(exchange, seconds)

    def _log(self, exchange: Exchange, seconds: float) -> None:
        if access_log.wanted():
            access_log.write(
                "gateway",
                self._settings.release,
                method=exchange.method,
                route=exchange.template,
                status=exchange.status,
                milliseconds=round(seconds * 1000, 2),
                client=exchange.client,
                request_id=exchange.request_id,
            )

    async def _answer(self, exchange: Exchange) -> None:
        exchange.client = client_address(exchange.client, exchange.headers, self._settings.trusted_hops)
        exchange.added += self._cors.answer(head.find(exchange.headers, b"origin"))
        key = allowance_key(exchange.client)
        await self._limit.admit(key)
        head.check(exchange.headers)
        self._hosts.check(head.find(exchange.headers, b"host"))
        path = checked(exchange.path)
        if path in ("/docs", "/openapi.json"):
            await self._describe(exchange, path)
            return
        route, target = self._routes.match(path)
        exchange.template = route.template
        if exchange.method == "OPTIONS":
            preflight = self._cors.preflight(head.find(exchange.headers, b"origin"), route.allow)
            await exchange.reply(204, [(b"allow", route.allow), *preflight], b"")
            return
        if exchange.method not in route.methods:
            raise Refusal(405, "Method Not Allowed", [(b"allow", route.allow)])
        if route.sensitive or _registers(exchange, route):
            await self._login_limit.admit(key)
        await self._forward(exchange, route, target)

    async def _forward(self, exchange: Exchange, route: Route, target: str) -> None:
        exchange.body.check_length()
        self._maintenance.check(exchange.method)
        await self._hold.enter()
        try:
            await self._proxy.forward(exchange, route.service, target)
        finally:
            self._hold.leave()

    async def _describe(self, exchange: Exchange, path: str) -> None:
        if not self._settings.docs:
            raise Refusal(404, "Not Found")
        exchange.template = path
        if exchange.method not in ("GET", "HEAD"):
            raise Refusal(405, "Method Not Allowed", [(b"allow", b"GET, HEAD")])
        document = await self._documents.merged()
        if path == "/docs":
            await exchange.reply(200, HTML, docs_page.page(document), docs_page.POLICY)
        else:
            await exchange.reply(200, JSON, json.dumps(document).encode())

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        sharing = asyncio.create_task(self._sharing.work()) if self._sharing else None
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if sharing:
            sharing.cancel()
        self._upstreams.close()
        await send({"type": "lifespan.shutdown.complete"})


def _registers(exchange: Exchange, route: Route) -> bool:
    """A POST without a token makes an account, as signup does."""
    return (
        route.template == USERS
        and exchange.method == "POST"
        and not head.find(exchange.headers, b"authorization")
    )
