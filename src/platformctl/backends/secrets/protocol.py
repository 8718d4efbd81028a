"""Where secrets are kept, by name and version, whichever store holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

LOGIN, PASSWORD = "platform/FIRST_SUPERUSER", "platform/FIRST_SUPERUSER_PASSWORD"
UNSHOWN = "platform/FIRST_SUPERUSER_UNSHOWN"  # "yes" while that password is made up and nobody saw it


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be shown of a secret: `fingerprint` is keyed by the environment and compares nowhere else."""

    name: str
    version: int
    fingerprint: str
    changed_at: float


def unusable(value: str) -> str:
    """Why no process could be given `value` in its environment, '' when one can; never shows it."""
    if "\0" in value:
        return "it holds a NUL character"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "it is not UTF-8"
    return ""


class Secrets(Protocol):
    """Names are `service/KEY` or `platform/KEY`. Raises StateError when the store cannot be opened."""

    def get(self, name: str, version: int | None = None) -> SecretStr | None: ...
    def put(self, name: str, value: SecretStr) -> SecretInfo: ...
    def list(self) -> tuple[SecretInfo, ...]: ...
