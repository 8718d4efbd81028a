"""Set, list and show secrets; values are shown by `show_login` alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import SecretStr

from platformctl.backends.secrets.protocol import LOGIN, PASSWORD
from platformctl.config.schema import SERVICES
from platformctl.errors import PreconditionError, StepError
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.status import shown

# Both sides of these must change together, so nobody may set one side alone.
MADE = frozenset({"DATABASE_PASSWORD", "INTERNAL_KEY", "SIGNING_KEYS"})
# What docs/service-runtime.md lets the target decide, and what would change how a process starts.
TAKEN = re.compile(
    r"DATABASE_URL|INTERNAL_KEYS|(AUTH|USERS|ITEMS)_URL|CONTROL_\w+|RELEASE|STATE_FILE|PRIVATE_USERS|HOST|PORT|TLS_\w+"
    r"|PATH|HOME|LC_\w+|LD_\w+|PYTHON\w*|PLATFORMCTL_\w+"
)


@dataclass(frozen=True, slots=True)
class SecretSet:
    name: str
    version: int
    fingerprint: str
    next_steps: tuple[str, ...] = ("platformctl deploy",)


@dataclass(frozen=True, slots=True)
class ShownSecret:
    name: str
    version: int
    fingerprint: str
    changed: str


@dataclass(frozen=True, slots=True)
class SecretList:
    secrets: tuple[ShownSecret, ...]


@dataclass(frozen=True, slots=True)
class Login:
    gateway: str
    login: str
    password: str


def set_secret(ctx: Context, name: str, value: SecretStr) -> SecretSet:
    """Keep `value` as the newest version of `name`; processes get it with the next deploy."""
    check_name(name)
    with locked(ctx, "secrets set"):
        ctx.backends.cluster.claim()
        ctx.backends.secrets.put(name, value)
        if ctx.runner.rehearses:
            return SecretSet(name, 0, "")
        stored = ctx.backends.secrets.get(name)
        if stored is None or stored.get_secret_value() != value.get_secret_value():
            raise StepError(f"{name} was stored and reads back differently", fix="platformctl doctor")
        info = next(each for each in ctx.backends.secrets.list() if each.name == name)
        return SecretSet(info.name, info.version, info.fingerprint)


def check_name(name: str) -> None:
    owner, _, key = name.partition("/")
    if owner not in SERVICES or not re.fullmatch(r"[A-Z][A-Z0-9_]*", key):
        raise PreconditionError(
            f"{name} is not the name of a secret that can be set",
            cause=f"it has the form SERVICE/KEY: one of {', '.join(SERVICES)}, then capitals and digits",
            fix="platformctl secrets list",
        )
    if key in MADE or TAKEN.fullmatch(key):
        raise PreconditionError(
            f"{name} is made by platformctl and cannot be set",
            cause="setting it alone would part the service from what it talks to",
            fix="platformctl secrets list",
        )


def list_secrets(ctx: Context) -> SecretList:
    found = ctx.backends.secrets.list()
    return SecretList(
        tuple(
            ShownSecret(each.name, each.version, each.fingerprint, shown(each.changed_at)) for each in found
        )
    )


def show_login(ctx: Context) -> Login:
    """How the first superuser logs in, as it was at the first start."""
    login = ctx.backends.secrets.get(LOGIN)
    password = ctx.backends.secrets.get(PASSWORD)
    if login is None or password is None:
        raise PreconditionError("there is no login yet: the platform was never started", fix="platformctl up")
    gateway = ctx.backends.cluster.endpoints().gateway
    return Login(gateway, login.get_secret_value(), password.get_secret_value())
