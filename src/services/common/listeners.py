"""Makes the sockets that a process listens on; what answers there is not known here."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

BACKLOG = 512


class ListenerError(Exception):
    """A socket could not be made; the message names it and says why."""


def public(environ: Mapping[str, str]) -> socket.socket:
    """The listening socket on descriptor 0 when there is one, else HOST:PORT."""
    handed_over = _from_standard_input()
    if handed_over is not None:
        return handed_over
    return _tcp(environ.get("HOST", "0.0.0.0"), environ.get("PORT", "8000"))


def control(environ: Mapping[str, str]) -> socket.socket:
    """The Unix socket CONTROL_SOCKET (0600), else CONTROL_HOST:CONTROL_PORT; KeyError when neither is set."""
    if path := environ.get("CONTROL_SOCKET"):
        return _unix(Path(path))
    return _tcp(environ.get("CONTROL_HOST", "127.0.0.1"), environ["CONTROL_PORT"])


def _from_standard_input() -> socket.socket | None:
    try:
        if not stat.S_ISSOCK(os.fstat(0).st_mode):
            return None
    except OSError:
        return None
    # Without a family socket() reads it from the descriptor. Guessing it wrongly (uvicorn's --fd takes every
    # descriptor for a Unix socket) leaves Nagle's algorithm on, which costs 40 ms an answer.
    listener = socket.socket(fileno=os.dup(0))
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.close()
        return None
    # Once drained, this process must not keep the queue of a socket open that it no longer reads.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return listener


def _tcp(host: str, port: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except (OSError, OverflowError, ValueError) as error:
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
