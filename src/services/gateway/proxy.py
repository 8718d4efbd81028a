"""Carries one request to its service and the answer back, as a stream each way, within the deadline."""

from __future__ import annotations

import asyncio

from services.gateway import headers as head
from services.gateway.body import ClientGoneError
from services.gateway.client_address import scheme
from services.gateway.connection import Outgoing, UpstreamError
from services.gateway.exchange import Exchange
from services.gateway.refusal import Refusal, unavailable
from services.gateway.upstreams import Upstreams


class Proxy:
    """`deadline` in seconds, from here to the answer's last byte; `hops` as for client_address."""

    def __init__(self, upstreams: Upstreams, deadline: float, hops: int) -> None:
        self._upstreams = upstreams
        self._deadline = deadline
        self._hops = hops

    async def forward(self, exchange: Exchange, service: str, target: str) -> None:
        """Raises Refusal as long as nothing was answered; later the connection is closed instead."""
        outgoing = None
        try:
            async with asyncio.timeout(self._deadline):
                outgoing = await self._outgoing(exchange, target)
                await self._carry(exchange, service, outgoing)
        except TimeoutError:
            if exchange.started:
                return
            if exchange.body.waiting:
                exchange.body.given_up = True
                raise Refusal(408, f"The request was not complete within {self._deadline:g} s") from None
            if outgoing is not None:
                self._upstreams.failed(service, outgoing)
            detail = f"The service {service} did not answer within {self._deadline:g} s"
            raise unavailable(504, detail, 1) from None
        except (ClientGoneError, UpstreamError):
            # nobody is left to be told, or half an answer is out: the server closes what is not complete
            return

    async def _carry(self, exchange: Exchange, service: str, outgoing: Outgoing) -> None:
        try:
            response = await self._upstreams.ask(service, outgoing)
        except Refusal:
            if exchange.body.failure is not None:
                raise exchange.body.failure from None
            raise
        async with response:
            await exchange.start(response.status, head.towards_client(response.status, response.headers))
            while True:
                piece = await response.piece()
                if response.complete:
                    await exchange.finish(piece)
                    return
                await exchange.send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _outgoing(self, exchange: Exchange, target: str) -> Outgoing:
        headers = head.towards_service(exchange.headers)
        headers += [
            (b"x-forwarded-for", exchange.client.encode()),
            (b"x-forwarded-proto", scheme(exchange.scheme, exchange.headers, self._hops).encode()),
            (b"x-request-id", exchange.request_id.encode()),
            *head.trace(exchange.headers, exchange.request_id, exchange.span),
        ]
        asked = b"%s?%s" % (target.encode(), exchange.query) if exchange.query else target.encode()
        body = exchange.body
        if body.complete:
            return Outgoing(exchange.method, asked, headers, None)
        first = await body.piece()
        while body.small and not body.complete:  # so that no connection waits for a client
            first += await body.piece()
        if body.complete:
            return Outgoing(exchange.method, asked, headers, first)
        return Outgoing(exchange.method, asked, headers, body.pieces(first), body.length)
