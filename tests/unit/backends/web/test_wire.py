"""Bytes on a socket: the first answer, whether the server hung up, and no exception whatever it does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

from platformctl.backends.web.wire import exchange
from platformctl.tools.http import Raw

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi"


@contextlib.contextmanager
def server(
    talk: Callable[[socket.socket], object], secure: ssl.SSLContext | None = None, probes: int = 0
) -> Iterator[str]:
    """It talks to the first connection after `probes`, and to no other."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(probes):
                listening.accept()[0].close()
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                if secure:
                    connection = secure.wrap_socket(connection, server_side=True)
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"{'https' if secure else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(5)


def test_an_answer_and_its_end_are_seen() -> None:
    with server(lambda each: (each.recv(100), each.sendall(OK))) as url:
        answer = exchange(url, Raw("x", (b"GET / HTTP/1.1\r\n\r\n",)))
    assert (answer.status, answer.header("x-a"), answer.content, answer.closed) == (200, "b", b"hi", True)


def test_an_open_connection_is_seen() -> None:
    done = threading.Event()
    with server(lambda each: (each.recv(100), each.sendall(OK), done.wait(5))) as url:
        answer = exchange(url, Raw("x", (b"GET / HTTP/1.1\r\n\r\n",), patience=0.2))
        done.set()
    assert (answer.status, answer.closed) == (200, False)


def test_the_host_stands_where_it_is_asked_for() -> None:
    seen: list[bytes] = []
    with server(lambda each: seen.append(each.recv(100))) as url:
        exchange(url, Raw("x", (b"Host: {host}\r\n\r\n",), patience=0.2))
    assert seen[0].startswith(b"Host: 127.0.0.1:")


def test_parts_end_when_the_server_has_enough() -> None:
    with server(lambda each: (each.recv(100), each.sendall(b"HTTP/1.1 408 Slow\r\n\r\n"))) as url:
        answer = exchange(url, Raw("x", (b"a",) * 50, pause=1.0))
    assert (answer.status, answer.closed) == (408, True)
    assert answer.seconds < 5


def test_a_server_that_says_nothing_or_nonsense_is_no_exception() -> None:
    with server(lambda each: each.recv(100)) as url:
        assert exchange(url, Raw("x", (b"a",))).status == 0
    with server(lambda each: (each.recv(100), each.sendall(b"SSH-2.0"))) as url:
        assert exchange(url, Raw("x", (b"a",))).status == 0
    assert exchange("http://127.0.0.1:1", Raw("x", (b"a",))).status == 0


def test_a_long_exchange_ends_soon_after_the_visit_has() -> None:
    ended = threading.Event()
    ended.set()
    with server(lambda each: each.recv(100)) as url:
        answer = exchange(url, Raw("x", (b"a",) * 50, pause=1.0), ended=ended)
    assert answer.seconds < 5


LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000


def test_a_server_that_leaves_who_reads_nothing_is_seen_to_hang_up() -> None:
    def leave(each: socket.socket) -> None:
        each.recv(100)
        each.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            each.sendall(LONG)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with server(leave, probes=1) as url:
        answer = exchange(url, Raw("x", (b"GET / HTTP/1.1\r\n\r\n",), idle=0.6))
    assert (answer.status, answer.closed) == (200, True)
    assert len(answer.content) < 200_000


def test_a_server_that_waits_for_who_reads_nothing_is_not() -> None:
    done = threading.Event()
    with server(lambda each: (each.recv(100), each.sendall(LONG), done.wait(5)), probes=1) as url:
        answer = exchange(url, Raw("x", (b"GET / HTTP/1.1\r\n\r\n",), idle=0.3, patience=0.5))
        done.set()
    assert (answer.status, answer.closed, len(answer.content)) == (200, False, 200_000)
