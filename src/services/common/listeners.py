"""Makes the sockets that a process listens on; what answers there is not known here."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from pydantic import Field

from services.common.settings import MissingSettings, ProcessSettings, load

BACKLOG = 512


class ListenerError(Exception):
    """A socket could not be made; the message names it and says why."""


class RuntimeSettings(ProcessSettings):
    """What a process needs to listen; CONTROL_SOCKET comes before CONTROL_HOST and CONTROL_PORT."""

    host: str = "0.0.0.0"
    port: int = Field(8000, ge=0, le=65535)
    control_socket: Path | None = None
    control_host: str = "127.0.0.1"
    control_port: int | None = Field(None, ge=0, le=65535)


def settings() -> RuntimeSettings:
    """Raises MissingSettings."""
    found = load(RuntimeSettings)
    if found.control_socket is None and found.control_port is None:
        raise MissingSettings(["CONTROL_SOCKET"])
    return found


def public(found: RuntimeSettings) -> socket.socket:
    """The listening socket on descriptor 0 when there is one, else HOST:PORT. Raises ListenerError."""
    listener = _from_standard_input() or _tcp(found.host, found.port)
    if listener.family != socket.AF_UNIX:
        # Connections inherit it. An answer goes out in two writes, and Nagle's algorithm would keep the
        # second for 40 ms; whether an event loop switches it off depends on how the socket was made.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def control(found: RuntimeSettings) -> socket.socket:
    """A Unix socket is readable by its owner only. Raises ListenerError."""
    if found.control_socket is not None:
        return _unix(found.control_socket)
    return _tcp(found.control_host, found.control_port or 0)


def _from_standard_input() -> socket.socket | None:
    try:
        if not stat.S_ISSOCK(os.fstat(0).st_mode):
            return None
    except OSError:
        return None
    # without a family given, socket() reads it from the descriptor
    listener = socket.socket(fileno=os.dup(0))
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.close()
        return None
    # Once drained, this process must not keep the queue of a socket open that it no longer reads.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return listener


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenerError(f"cannot listen on {host}:{port}: {error}") from error


def _unix(path: Path) -> socket.socket:
    """A socket file left by a process that was killed is replaced; any other file is not."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket():
            path.unlink()
        listener.bind(str(path))
        # before listen() nobody can connect, so the mode is in force for the first who may
        path.chmod(0o600)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenerError(f"cannot listen on {path}: {error}") from error
    return listener
