"""A process with a certificate: what it does not start with, what it serves, how it takes a newer one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.common import tls
from tests import certificates
from tests.certificates import trusting
from tests.services.common.processes import PROBE, control, launch, process
from tests.services.running import listener, port_of

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
RENEWED = 10  # seconds, with room for a busy machine; 30 are allowed


async def connected(port: int, trusted: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, ssl=trusted)


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The head of the answer to one request."""
    writer.write(GET)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    return head


async def shown(port: int, pair: certificates.Pair) -> bool:
    """Whether a new connection is shown this certificate."""
    try:
        _, writer = await connected(port, trusting(pair))
    except ssl.SSLCertVerificationError:
        return False
    writer.close()
    return True


async def said(started: asyncio.subprocess.Process, words: bytes) -> bytes:
    """The next line of the process that has these words."""
    async with asyncio.timeout(RENEWED):
        while words not in (line := await started.stdout.readline()):
            assert line
    return line


@contextlib.asynccontextmanager
async def secured(
    folder: Path, pair: certificates.Pair
) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    with listener() as shared:
        async with process(shared, folder / "c.sock", **pair.variables()) as started:
            yield port_of(shared), started


async def test_an_unusable_pair_is_told_and_nothing_starts(tmp_path: Path) -> None:
    one, other = certificates.make(tmp_path, "one"), certificates.make(tmp_path, "other")
    (tmp_path / "half.pem").write_bytes(one.certificate.read_bytes()[:200])
    wrong = {
        "the key does not belong to the certificate": {"TLS_KEY": str(other.key)},
        "cannot be read: No such file": {"TLS_CERTIFICATE": str(tmp_path / "none.pem")},
        "not a certificate and its unencrypted key": {"TLS_CERTIFICATE": str(tmp_path / "half.pem")},
    }

    async def reason(**variables: str) -> dict:
        started = await launch(None, *PROBE, CONTROL_SOCKET=str(tmp_path / "c.sock"), **variables)
        output, _ = await started.communicate()
        assert started.returncode == 78, output
        return json.loads(output.splitlines()[-1])

    good = {"PROBE_WORD": "ready", **one.variables()}
    alone = {"PROBE_WORD": "ready", "TLS_CERTIFICATE": str(one.certificate)}
    half, *lines = await asyncio.gather(reason(**alone), *(reason(**good | each) for each in wrong.values()))
    assert half["missing"] == ["TLS_KEY"]
    for words, line in zip(wrong, lines, strict=True):
        assert words in line["invalid"]["TLS_CERTIFICATE"]


async def test_it_speaks_tls_of_today_alone_and_its_control_socket_none(tmp_path: Path) -> None:
    pair, stranger = certificates.make(tmp_path), certificates.make(tmp_path, "stranger")
    async with secured(tmp_path, pair) as (port, _), control(tmp_path / "c.sock") as asking:
        assert (await answered(*await connected(port, trusting(pair)))).startswith(b"HTTP/1.1 200 ")
        assert not await shown(port, stranger)
        old = trusting(pair)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert (await answered(*await connected(port, old))).startswith(b"HTTP/1.1 200 ")
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connected(port, old)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        assert b"HTTP/1.1" not in await reader.read()
        assert (await asking.get("/livez")).status_code == 200


async def test_a_newer_pair_is_taken_whole_and_a_broken_one_is_not(tmp_path: Path) -> None:
    pair, newer = certificates.make(tmp_path), certificates.make(tmp_path, "newer")
    former = certificates.Pair(tmp_path / "former.pem", tmp_path / "former.key")
    former.certificate.write_bytes(pair.certificate.read_bytes())
    async with secured(tmp_path, pair) as (port, started):
        kept = await connected(port, trusting(former))
        pair.certificate.write_bytes(newer.certificate.read_bytes())
        refused = await said(started, b"is refused")
        assert b"the key does not belong to the certificate" in refused
        assert await shown(port, former)
        pair.replace(newer)
        async with asyncio.timeout(RENEWED):
            while not await shown(port, newer):
                await asyncio.sleep(0.1)
        assert not await shown(port, former)
        assert b"connection: close" not in (await answered(*kept)).lower()
        kept[1].close()
        assert b"is in force" in await said(started, b"certificate")


async def test_who_is_still_shaking_hands_is_answered_before_it_ends(tmp_path: Path) -> None:
    pair = certificates.make(tmp_path)
    async with secured(tmp_path, pair) as (port, started):
        bare = socket.create_connection(("127.0.0.1", port))
        await asyncio.sleep(0.05)
        started.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        reader, writer = await asyncio.open_connection(
            sock=bare, ssl=trusting(pair), server_hostname="127.0.0.1"
        )
        head = await answered(reader, writer)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in head.lower()
        writer.close()
        async with asyncio.timeout(5):
            assert await started.wait() == 0


def test_a_handshake_that_does_not_begin_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "HEAD_SECONDS", 0.2)
    made = certificates.make(tmp_path)
    secure = tls.Pair(made.certificate, made.key)

    async def silent() -> bytes:
        server = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, "127.0.0.1", 0, ssl=secure.context
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        server.close()
        return answer

    with asyncio.Runner(loop_factory=tls.Loop) as runner:
        assert runner.run(silent()) == b""
