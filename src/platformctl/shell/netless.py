"""Becomes another program in a network of its own, where only 127.0.0.1 is, or in that of a running process.

A program of its own, run by its path: `netless.py alone ARGV…` or `netless.py PID ARGV…`. Every start of a
throwaway process runs this, so it imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET
READ_FLAGS, WRITE_FLAGS, UP = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
REQUEST = "16sh14x"  # struct ifreq with its flags


def main(place: str, argv: Sequence[str]) -> None:
    """Raises OSError where the system does not allow it."""
    if place == "alone":
        leave()
    else:
        follow(int(place))
    os.execvp(argv[0], [*argv])


def leave() -> None:
    """The user stays who they are; the new network has a loopback, which is brought up, and no way out."""
    user, group = os.geteuid(), os.getegid()
    _ask("unshare", NEW_USER | NEW_NETWORK)
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", name).write_text(content)
    with socket.socket() as any_socket:
        asked = struct.pack(REQUEST, b"lo", 0)
        _, flags = struct.unpack(REQUEST, fcntl.ioctl(any_socket, READ_FLAGS, asked))
        fcntl.ioctl(any_socket, WRITE_FLAGS, struct.pack(REQUEST, b"lo", flags | UP))


def follow(pid: int) -> None:
    """Into the namespaces of a process that has left."""
    opened = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net")]
    for each in opened:
        _ask("setns", each, 0)


def _ask(function: str, *arguments: int) -> None:
    system = ctypes.CDLL(None, use_errno=True)
    if getattr(system, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
