"""Bytes on a socket of their own, for requests that no HTTP client would send."""

from __future__ import annotations

import select
import socket
import ssl
import time
from threading import Event
from urllib.parse import urlsplit

from platformctl.tools.http import Answer, Raw

CONNECT = 5.0  # seconds
MOST = 256 * 1024  # bytes of an answer that are read
# Bytes: with these the server's kernel takes little on behalf of one who reads nothing.
SEGMENT, WINDOW = 536, 4096


def exchange(url: str, raw: Raw, trusted: ssl.SSLContext | None = None, ended: Event | None = None) -> Answer:
    """The first answer, with all that came in `content`; `closed` when the server hung up in time.

    Over https without `trusted` the system's authorities are believed. Once `ended` is set, no further part
    is sent.
    """
    begun = time.monotonic()
    try:
        with _connected(url, trusted, narrow=raw.idle > 0) as connection:
            received, closed = _talk(connection, raw, urlsplit(url).netloc.encode(), ended or Event())
    except OSError as error:
        return Answer(0, content=f"{type(error).__name__}: {error}".encode(), closed=True)
    return parsed(received, time.monotonic() - begun, closed)


def parsed(received: bytes, seconds: float, closed: bool) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if not first.startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        return Answer(0, (), received or b"nothing was said", seconds, closed)
    pairs = tuple((name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in lines))
    return Answer(int(words[1]), pairs, body, seconds, closed)


def _connected(url: str, trusted: ssl.SSLContext | None, *, narrow: bool) -> socket.socket:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    connection = socket.create_connection((host, parts.port or (443 if secure else 80)), CONNECT)
    if narrow:
        connection = _narrowed(connection)
    if not secure:
        return connection
    return (trusted or ssl.create_default_context()).wrap_socket(connection, server_hostname=host)


def _narrowed(connection: socket.socket) -> socket.socket:
    """Another connection to the same place: these must be said before it is made."""
    with connection:
        other = socket.socket(connection.family)
        other.settimeout(CONNECT)
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        other.connect(connection.getpeername())
    return other


def _talk(connection: socket.socket, raw: Raw, host: bytes, ended: Event) -> tuple[bytes, bool]:
    """Send part after part until the server answers or hangs up, then listen to the end of patience."""
    received = b""
    for number, part in enumerate(raw.parts):
        try:
            connection.sendall(part.replace(b"{host}", host))
        except OSError:
            break  # it hung up; what it said before is still to be read
        if ended.is_set():
            break
        if number < len(raw.parts) - 1 and (piece := _heard(connection, raw.pause)) is not None:
            received = piece
            break
    ended.wait(raw.idle)
    until = time.monotonic() + raw.patience
    while len(received) < MOST:
        piece = _heard(connection, until - time.monotonic())
        if not piece:
            return received, piece is not None
        received += piece
    return received, False


def _heard(connection: socket.socket, seconds: float) -> bytes | None:
    """What comes first within `seconds`, nothing when the server hung up, None when it said nothing."""
    until = time.monotonic() + seconds
    connection.setblocking(False)
    try:
        while _readable(connection, until - time.monotonic()):
            try:
                return connection.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue  # a word of TLS itself, such as a session ticket
            except (ConnectionError, ssl.SSLError):
                return b""
        return None
    finally:
        connection.settimeout(CONNECT)


def _readable(connection: socket.socket, seconds: float) -> bool:
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    return bool(select.select([connection], [], [], max(0.0, seconds))[0])
