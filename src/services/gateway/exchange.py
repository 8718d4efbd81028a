"""One request and its answer, as the parts of the gateway hand it on; decides nothing."""

from __future__ import annotations

from random import Random
from time import perf_counter
from typing import Any

from services.gateway import headers as head
from services.gateway.body import Body
from services.gateway.refusal import Refusal

_random = Random()


class Exchange:
    __slots__ = (
        "added",
        "began",
        "body",
        "client",
        "headers",
        "method",
        "path",
        "query",
        "request_id",
        "scheme",
        "send",
        "span",
        "started",
        "status",
        "template",
    )

    def __init__(self, scope: Any, receive: Any, send: Any, body_limit: int) -> None:
        self.began = perf_counter()
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: head.Headers = scope["headers"]
        self.scheme: str = scope["scheme"]
        self.client: str = (scope["client"] or ("local", 0))[0]
        self.body = Body(self.headers, receive, body_limit)
        self.send = send
        number = f"{_random.getrandbits(192):048x}"
        self.request_id, self.span = number[:32], number[32:]
        self.added: head.Headers = [(b"x-request-id", self.request_id.encode()), *head.SECURITY]
        if self.scheme == "https":
            self.added.append(head.SECURE)
        self.template = "unmatched"
        self.status = 0
        self.started = False

    async def start(
        self, status: int, headers: head.Headers, policy: tuple[bytes, bytes] = head.POLICY
    ) -> None:
        """Sends the head; a request that was not read to its end is the last on its connection."""
        self.status = status
        self.started = True
        sent = [*headers, *self.added, policy]
        if not self.body.complete:
            sent.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": status, "headers": sent})

    async def finish(self, last: bytes = b"") -> None:
        if not self.body.complete:
            await self.send({"type": "http.response.body", "body": last, "more_body": True})
            await self.body.discard()
            last = b""
        await self.send({"type": "http.response.body", "body": last, "more_body": False})

    async def refuse(self, refusal: Refusal) -> None:
        headers, content = refusal.render(head.find(self.headers, b"accept"))
        if refusal.status in (401, 403) or refusal.status >= 500:
            headers.append(head.NO_STORE)
        await self.reply(refusal.status, headers, content)

    async def reply(
        self,
        status: int,
        headers: head.Headers,
        content: bytes,
        policy: tuple[bytes, bytes] = head.POLICY,
    ) -> None:
        if not self.body.costly:
            await self.body.discard()
        if status != 204:
            headers = [*headers, (b"content-length", str(len(content)).encode())]
        await self.start(status, headers, policy)
        await self.finish(content)
