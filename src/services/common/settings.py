"""Settings from the environment, read once at start; what one service alone needs is in its own settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound="ProcessSettings")
K = TypeVar("K", OKPKey, KeySet)


class MissingSettings(Exception):
    """The process cannot start: variables are absent (`names`) or unusable (`invalid`: name to reason)."""

    def __init__(self, names: list[str], invalid: dict[str, str] | None = None) -> None:
        self.names = names
        self.invalid = invalid or {}
        said = [f"missing: {', '.join(names)}"] if names else []
        said += [f"{name}: {reason}" for name, reason in self.invalid.items()]
        super().__init__("; ".join(said))


def _internal_key(value: object) -> OKPKey:
    return value if isinstance(value, OKPKey) else _imported(OKPKey.import_key, value)


def _key_set(value: object) -> KeySet:
    return value if isinstance(value, KeySet) else _imported(KeySet.import_key_set, value)


def _imported(read: Callable[[dict], K], value: object) -> K:
    # The reason must not quote the value: it may be a private key.
    try:
        return read(json.loads(str(value)))
    except (JoseError, ValueError, TypeError, LookupError, AttributeError):
        raise ValueError("is not a JSON document with the expected key") from None


InternalKey = Annotated[OKPKey, BeforeValidator(_internal_key)]
Keys = Annotated[KeySet, BeforeValidator(_key_set)]


class ProcessSettings(BaseSettings):
    """What every process has, the gateway included."""

    model_config = SettingsConfigDict(
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        enable_decoding=False,
        env_ignore_empty=True,
    )

    release: str = "unreleased"
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")
    drain_seconds: float = Field(10, ge=0, le=3600)


class DatabaseSettings(ProcessSettings):
    """What a process needs to reach its own schema; enough for migrations."""

    database_url: SecretStr
    pool_size: int = Field(5, ge=2, le=100)


class ServiceSettings(DatabaseSettings):
    """What auth, users and items have in common."""

    internal_key: InternalKey
    internal_keys: Keys
    auth_url: str = Field(pattern=r"^https?://[^/]+$")
    users_url: str = Field(pattern=r"^https?://[^/]+$")
    items_url: str = Field(pattern=r"^https?://[^/]+$")


def load(settings: type[S]) -> S:
    """Read `settings` from the environment, or raise MissingSettings naming everything that is wrong."""
    try:
        return settings()
    except ValidationError as error:
        missing: list[str] = []
        invalid: dict[str, str] = {}
        for problem in error.errors(include_input=False, include_context=False, include_url=False):
            name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
            if problem["type"] == "missing":
                missing.append(name)
            else:
                invalid[name] = problem["msg"]
        raise MissingSettings(missing, invalid) from None
