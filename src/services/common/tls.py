"""TLS by two files: what a connection is shown, and when newer files take their place; listens on nothing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
import uvloop

from services.common.protocol import HEAD_SECONDS
from services.common.settings import MissingSettings, ProcessSettings, load

LOOK_SECONDS = 1.0
# A client that closes need not say so; nobody waits long for it.
GOODBYE_SECONDS = 5.0
REASONS = {
    "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
    None: "they are not a certificate and its unencrypted key in PEM",
}
log = structlog.get_logger()


class UnusableError(Exception):
    """The pair cannot be used; the message says why and quotes nothing of it."""


class Files(ProcessSettings):
    tls_certificate: Path | None = None
    tls_key: Path | None = None


class Pair:
    """A certificate and its key. `context` is the one to listen with, and shows what is in force.

    Every new connection is led over to the newest pair that loaded as a whole, so there is no moment in which
    a certificate and the key of another are together. Connections that are open stay as they are.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises UnusableError."""
        self._files = (certificate, key)
        self._looked = self._look()
        self._newest = self.context = _loaded(certificate, key)
        self.context.sni_callback = self._lead_over

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renew()

    def renew(self) -> None:
        """Takes the files when they have changed; an unusable pair is told once and changes nothing."""
        found = self._look()
        if found == self._looked:
            return
        self._looked = found
        try:
            self._newest = _loaded(*self._files)
        except UnusableError as error:
            log.error("the changed certificate is refused and the former one stays", error=str(error))
        else:
            log.info("the changed certificate is in force")

    def _look(self) -> tuple[object, ...]:
        return tuple(_state(each) for each in self._files)

    def _lead_over(self, connection: ssl.SSLObject, name: str | None, listening: ssl.SSLContext) -> None:
        connection.context = self._newest


def configured() -> Pair | None:
    """What TLS_CERTIFICATE and TLS_KEY name. Raises MissingSettings for one alone or an unusable pair."""
    found = load(Files)
    named = {"TLS_CERTIFICATE": found.tls_certificate, "TLS_KEY": found.tls_key}
    missing = [name for name, path in named.items() if path is None]
    if len(missing) == len(named):
        return None
    if found.tls_certificate is None or found.tls_key is None:
        raise MissingSettings(missing)
    try:
        return Pair(found.tls_certificate, found.tls_key)
    except UnusableError as error:
        raise MissingSettings([], {"TLS_CERTIFICATE": str(error)}) from None


class Loop(uvloop.Loop):
    """Gives a handshake as long as the head of a request; the servers' own patience is a minute."""

    async def create_server(self, make: Callable[[], asyncio.Protocol], *args: Any, **named: Any) -> Any:
        if named.get("ssl") is not None:
            named |= {"ssl_handshake_timeout": HEAD_SECONDS, "ssl_shutdown_timeout": GOODBYE_SECONDS}
        return await super().create_server(make, *args, **named)


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise UnusableError(f"{path} cannot be read: {error.strerror}") from None
    try:
        # without a word for it, an encrypted key would be asked for at the terminal
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None)
        raise UnusableError(f"{certificate} with {key}: {REASONS.get(why, why)}") from None
    return context


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
