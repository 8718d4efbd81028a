"""One connection to a service: writes a request, reads its answer as a stream; knows no pool, no policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from services.gateway.headers import Headers

HEAD_LIMIT = 64 * 1024
# What is held of an answer while the client does not take it.
HELD_BYTES = 64 * 1024
BODILESS = frozenset({204, 304})
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class UpstreamError(Exception):
    """A service gave no whole answer."""


class UnreachableError(UpstreamError):
    """No connection was made, so nothing was asked."""


class BrokenOffError(UpstreamError):
    """The connection ended before the answer was complete."""


class NonsenseError(UpstreamError):
    """What came is no answer in HTTP/1.1."""


class Outgoing(NamedTuple):
    """Names and values of `headers` pass unchanged; a body that is not bytes can be sent once only.

    Without a `length` such a body is sent in chunks.
    """

    method: str
    target: bytes
    headers: Headers
    body: bytes | AsyncIterator[bytes] | None
    length: int | None = None

    @property
    def whole(self) -> bool:
        """All of it is here, so that it can be sent again."""
        return isinstance(self.body, bytes | None)


class Connection(asyncio.Protocol):
    """One exchange at a time: `send`, `head`, `piece` until `complete`; then again when `reusable`."""

    def __init__(self, host: bytes) -> None:
        self._host = host
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._paused = False
        self._lost: UpstreamError | None = None
        self._parser = HttpResponseParser(self)
        self.idle_since = 0.0
        self._forget()
        self._ended = True  # nothing was asked, so nothing may come

    def _forget(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._head_size = 0
        self._head_done = self._ended = self._until_close = self._last = False
        self._bodiless = self._sending = False
        self.headers: Headers = []
        self.status = 0

    @property
    def reusable(self) -> bool:
        """Not after half a request: the service would take the next one for its other half."""
        whole = self._ended and not self._last and not self._sending
        return whole and self._lost is None and not self._transport.is_closing()

    @property
    def complete(self) -> bool:
        """The whole answer was read, and all of it was taken."""
        return self._ended and not self._pieces

    def send(self, outgoing: Outgoing) -> None:
        """Writes the head, and the body if it is there as a whole. Raises BrokenOffError."""
        if self._lost is not None:
            raise self._lost
        self._forget()
        self._bodiless = outgoing.method == "HEAD"
        body = outgoing.body
        lines = [b"%s %s HTTP/1.1\r\nhost: %s\r\n" % (outgoing.method.encode(), outgoing.target, self._host)]
        lines += [b"%s: %s\r\n" % pair for pair in outgoing.headers]
        if isinstance(body, bytes):
            lines.append(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        elif body is not None:
            self._sending = True
            known = outgoing.length is not None
            lines.append(b"content-length: %d\r\n\r\n" % outgoing.length if known else CHUNKED)
        elif outgoing.method in ("GET", "HEAD", "DELETE", "OPTIONS"):
            lines.append(b"\r\n")
        else:
            lines.append(b"content-length: 0\r\n\r\n")
        self._transport.write(b"".join(lines))

    async def stream(self, outgoing: Outgoing) -> None:
        """Writes a body as it comes; whatever its source raises ends the connection."""
        chunked = outgoing.length is None
        try:
            async for piece in outgoing.body:  # type: ignore[union-attr]
                if self._lost is not None:
                    return
                if piece:
                    self._transport.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                    await self._drained()
            if chunked:
                self._transport.write(b"0\r\n\r\n")
            self._sending = False
        except Exception as error:
            self._fail(BrokenOffError(f"the request could not be sent to its end: {type(error).__name__}"))

    async def head(self) -> None:
        """Waits for `status` and `headers`. Raises BrokenOffError or NonsenseError."""
        while not self._head_done:
            await self._wait()

    async def piece(self) -> bytes:
        """What came of the body since the last piece. Raises BrokenOffError or NonsenseError."""
        while not self._pieces and not self._ended:
            await self._wait()
        pieces = self._pieces
        self._pieces = []
        if self._held > HELD_BYTES and not self._transport.is_closing():
            self._transport.resume_reading()
        self._held = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def abort(self) -> None:
        self._transport.abort()

    def close(self) -> None:
        self._transport.close()

    async def _wait(self) -> None:
        if self._lost is not None:
            raise self._lost
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _drained(self) -> None:
        if self._paused and self._lost is None:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(NonsenseError(str(error)))
            return
        if not self._head_done:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self._fail(NonsenseError("the head of the answer is too large"))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._until_close and exc is None and self._lost is None:
            self._ended = True
        if self._lost is None:
            self._lost = BrokenOffError(str(exc or "the connection was closed"))
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _fail(self, error: UpstreamError) -> None:
        self._lost = self._lost or error
        self.abort()

    # what the parser calls

    def on_message_begin(self) -> None:
        if self._ended:
            raise NonsenseError("an answer that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:  # a trailer is no header
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        framing = [pair for pair in self.headers if pair[0] in FRAMING]
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in framing):
            raise NonsenseError("no other transfer encoding than chunked is known here")
        self._last = not self._parser.should_keep_alive()
        self._head_done = True
        self._until_close = not framing and self.status not in BODILESS
        if self._bodiless:
            # the parser waits for a body that does not come, so it is not used again
            self._ended = self._last = True

    def on_body(self, data: bytes) -> None:
        if self._ended:
            return
        self._pieces.append(data)
        before = self._held
        self._held += len(data)
        if before <= HELD_BYTES < self._held:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._head_done:
            self._ended = True
        else:
            self.headers = []  # of an interim answer
