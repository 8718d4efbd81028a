"""A request's body on its way through: counted, never collected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from services.gateway.headers import Headers, find
from services.gateway.refusal import Refusal

LINGER_SECONDS = 1.0
LINGER_BYTES = 4 * 1024 * 1024
WORTH_READING = 64 * 1024


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class Body:
    """`failure` is why reading ended early: whoever sends it on hides what its source raised."""

    __slots__ = (
        "_announced",
        "_expects",
        "_limit",
        "_receive",
        "_seen",
        "complete",
        "failure",
        "given_up",
        "waiting",
    )

    def __init__(self, headers: Headers, receive: Any, limit: int) -> None:
        """Raises Refusal (413) when the announced length is beyond `limit`."""
        length = find(headers, b"content-length")
        self._announced = int(length) if length else None
        self._expects = bool(find(headers, b"expect"))
        self._limit = limit
        self._receive = receive
        self._seen = 0
        self.complete = length in (b"", b"0") and not find(headers, b"transfer-encoding")
        self.failure: Exception | None = None
        self.given_up = False
        self.waiting = False

    @property
    def length(self) -> int | None:
        return self._announced

    @property
    def small(self) -> bool:
        return self._announced is not None and self._announced <= WORTH_READING

    def check_length(self) -> None:
        if self._announced is not None and self._announced > self._limit:
            raise self._too_large()

    async def piece(self) -> bytes:
        """The next piece. Raises Refusal (413) or ClientGoneError."""
        self.waiting = True
        message = await self._receive()
        self.waiting = False
        if message["type"] == "http.disconnect":
            self.failure = ClientGoneError()
            raise self.failure
        piece = message["body"]
        self._seen += len(piece)
        self.complete = not message["more_body"]
        if self._seen > self._limit:
            self.failure = self._too_large()
            raise self.failure
        return piece

    async def pieces(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        while not self.complete:
            yield await self.piece()

    @property
    def costly(self) -> bool:
        """Whether the connection is better closed than read to the end of this body."""
        if self.complete:
            return False
        return self.given_up or self._expects or self._announced is None or self._announced > WORTH_READING

    async def discard(self) -> None:
        """Reads on for a moment: closing on a client that still sends would take our answer from it."""
        if self._expects or self.given_up:
            return
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self.complete and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
        except TimeoutError:
            self.given_up = True

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The body is larger than {self._limit} bytes")
