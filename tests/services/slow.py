"""Clients that read what they are sent at a trickle or not at all; who notices is in the tests."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from dataclasses import dataclass

SEGMENT, WINDOW = 536, 4096  # bytes: with these the server's kernel takes little on behalf of this client
STEP = 0.1


@dataclass
class SlowReader:
    """One connection; `pace` bytes a step are read of what is answered to the requests in `wire`."""

    port: int
    wire: bytes
    pace: int = 0

    async def until_left(self, longest: float) -> float | None:
        """Seconds from the answer's first byte until the server hung up; None: more than `longest`."""
        with narrow(self.port) as connection:
            connection.sendall(self.wire)
            connection.setblocking(False)
            while not events(connection) & select.POLLIN:
                await asyncio.sleep(STEP)
            began = time.monotonic()
            while time.monotonic() - began < longest:
                await asyncio.sleep(STEP)
                hung_up = events(connection) & (select.POLLHUP | select.POLLERR)
                if hung_up or (self.pace and at_its_end(connection, self.pace)):
                    return time.monotonic() - began
        return None


def narrow(port: int) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    connection.connect(("127.0.0.1", port))
    return connection


def events(connection: socket.socket) -> int:
    """What can be known of it without reading."""
    asked = select.poll()
    asked.register(connection, select.POLLIN)
    return sum(event for _, event in asked.poll(0))


def at_its_end(connection: socket.socket, most: int) -> bool:
    try:
        return connection.recv(most) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
