"""Where a run of verify goes, as whom, and whether it may."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from platformctl.errors import PreconditionError
from platformctl.operations.context import Context
from platformctl.operations.contract.cast import Person


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; without `url` it is the environment's own gateway. `fuzz` is in seconds."""

    url: str | None = None
    user: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    abuse: bool = False
    fuzz: int = 0
    yes: bool = False
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """`root` is the superuser whose credentials are known, `signing` the environment's own private keys.

    With `services`, addresses by name, each is asked itself, past the gateway at `url`.
    """

    url: str
    own: bool
    loopback: bool
    root: Person | None
    signing: str = field(default="", repr=False)
    services: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return ", ".join(self.services.values()) if self.services else self.url


def place(ctx: Context, wanted: Wanted) -> Place:
    """Raises PreconditionError when abuse or fuzzing is asked for where it must not be."""
    endpoints = ctx.backends.cluster.endpoints()
    gateway = endpoints.gateway
    url = wanted.url or gateway
    own = _same(urlsplit(url), urlsplit(gateway))
    if wanted.abuse or wanted.fuzz:
        _check(ctx, wanted, url, own)
    root = Person(wanted.user, wanted.password.get_secret_value()) if wanted.user else None
    signing = ""
    if wanted.url is None:
        root = root or _first_superuser(ctx)
        signing = _secret(ctx, "auth/SIGNING_KEYS") if wanted.abuse else ""
    services = endpoints.services if wanted.direct else None
    return Place(url, own, _loopback(urlsplit(url).hostname), root, signing, services)


def _check(ctx: Context, wanted: Wanted, url: str, own: bool) -> None:
    asked = "--abuse" if wanted.abuse else "--fuzz"
    if ctx.config.protected:
        raise PreconditionError(
            f"{asked} is refused: environment {ctx.environment} is protected",
            cause="protected is true in its configuration",
            fix=ctx.command("verify") + ("" if wanted.url is None else f" {url}"),
            reference="environment/protected",
        )
    if not own and not wanted.yes:
        raise PreconditionError(
            f"{asked} is refused: {url} is not the gateway of environment {ctx.environment}",
            cause="whoever runs it may take such requests for an attack",
            fix=f"repeat the command with --yes when {url} is yours to attack",
            reference="verify/foreign",
        )


def _first_superuser(ctx: Context) -> Person | None:
    user = _secret(ctx, "platform/FIRST_SUPERUSER")
    return Person(user, _secret(ctx, "platform/FIRST_SUPERUSER_PASSWORD")) if user else None


def _secret(ctx: Context, name: str) -> str:
    found = ctx.backends.secrets.get(name)
    return found.get_secret_value() if found else ""


def _same(one: SplitResult, other: SplitResult) -> bool:
    """Two spellings of the loopback interface are one place."""
    hosts = {one.hostname, other.hostname}
    alike = len(hosts) == 1 or all(map(_loopback, hosts))
    return alike and _port(one) == _port(other)


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
