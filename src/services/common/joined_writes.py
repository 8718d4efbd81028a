"""A transport that sends what was written in one turn of the event loop with one system call.

It also leaves a client that does not take what it is sent. Neither asyncio nor uvicorn has a limit for that,
and to close such a connection would wait for the client for ever.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

TAKE_SECONDS = 5.0  # in which a client has taken an answer, as the gateway's deadline
LOOKS = 10  # in that time
SLICE = 64 * 1024
AT_ONCE = struct.pack("ii", 1, 0)


class JoinedWrites:
    """The head and the body of an answer are two writes for the server, and one packet for the client."""

    __slots__ = ("_looks", "_loop", "_pending", "_timer", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pending: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._looks = 0

    def write(self, data: bytes) -> None:
        if not self._pending:
            self._loop.call_soon(self._send)
        self._pending.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def forget(self) -> None:
        """The connection is lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _send(self) -> None:
        pending = self._pending
        if not pending:
            return
        self._pending = []
        if self._transport.is_closing():
            return
        if not self._transport.get_write_buffer_size():
            self._looks = 0
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        # over TLS the transport does not count what is sealed already, and a large write is sealed at once
        for at in range(0, len(data), SLICE):
            self._transport.write(data[at : at + SLICE] if len(data) > SLICE else data)
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._timer = self._loop.call_later(TAKE_SECONDS / LOOKS, self._look)

    def _look(self) -> None:
        """One timer serves many answers, so it looks several times; at the last look the client is left."""
        self._timer = None
        if not self._transport.get_write_buffer_size():
            return
        self._looks += 1
        if self._looks < LOOKS:
            self._wait()
        else:
            # without this the kernel would go on for minutes with what it has for the client
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            self._transport.abort()
