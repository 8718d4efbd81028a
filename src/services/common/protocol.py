"""What a request must look like on the wire, beyond what the parser refuses; knows no application."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.common.joined_writes import JoinedWrites

HEAD_LIMIT = 32 * 1024
HEAD_SECONDS = 10.0


class MalformedError(Exception):
    """Raised in a callback of the parser, which ends the connection with 400."""


class StrictProtocol(HttpToolsProtocol):
    """Origin-form targets, `Transfer-Encoding: chunked` alone, bounded heads, no header from a trailer."""

    _head_size = 0
    _head_done = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)
        self.transport.forget()  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # nearly every head arrives in one piece, and then costs no timer
        if not self._head_done and self._head_timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_size = 0
        self._head_done = False

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._measure(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:
            return
        self._measure(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_done = True
        self._stop_timer()
        if not self.url.startswith(b"/"):
            raise MalformedError("the request target must be a path")
        for name, value in self.headers:
            if name == b"transfer-encoding" and (
                value.lower() != b"chunked" or self.parser.get_http_version() != "1.1"
            ):
                raise MalformedError("no other transfer encoding than chunked is known here")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Once: what arrives on a connection that is being closed gets no further answer."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _measure(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_LIMIT:
            raise MalformedError("the head of the request is too large")

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if not self._head_done:
            self.transport.write(STATUS_LINE[408] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
