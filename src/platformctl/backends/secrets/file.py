"""Secrets in one encrypted file: names, versions and keyed fingerprints; the encryption is in sealed.py."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from platformctl.backends.calls import mutation
from platformctl.backends.secrets import sealed
from platformctl.backends.secrets.protocol import SecretInfo, unusable
from platformctl.errors import PreconditionError
from platformctl.shell import files
from platformctl.shell.runner import Runner


class FileSecrets:
    """Every version of a secret is kept; two writers never lose each other's value."""

    def __init__(self, path: Path, key: Path, runner: Runner) -> None:
        self.runner = runner
        self._file = sealed.SealedFile(path, key)
        self._guard = path.with_suffix(".lock")

    def get(self, name: str, version: int | None = None) -> SecretStr | None:
        document = self._file.read()
        value = sealed.newest(document).get(name) if version is None else sealed.at(document, name, version)
        return None if value is None else SecretStr(value)

    def list(self) -> tuple[SecretInfo, ...]:
        document = self._file.read()
        return tuple(_info(document, name) for name in sorted(document.get("secrets", {})))

    @mutation("store a new version of the secret {name}")
    def put(self, name: str, value: SecretStr) -> SecretInfo:
        """The value that is already the newest one makes no new version."""
        if why := unusable(value.get_secret_value()):
            raise PreconditionError(
                f"the value of {name} cannot be stored",
                cause=why,
                state="The secrets are as they were.",
                fix=f"platformctl secrets set {name}",
                reference="secrets/unusable",
            )
        with files.guarded(self._guard):
            document = self._file.read() or {"fingerprint_key": secrets.token_hex(32), "secrets": {}}
            versions = document["secrets"].setdefault(name, [])
            if not versions or versions[-1]["value"] != value.get_secret_value():
                number = versions[-1]["version"] + 1 if versions else 1
                versions.append(
                    {"version": number, "value": value.get_secret_value(), "changed_at": time.time()}
                )
                self._file.write(document)
        return _info(document, name)


def _info(document: dict[str, Any], name: str) -> SecretInfo:
    latest = document["secrets"][name][-1]
    digest = hmac.new(
        bytes.fromhex(document["fingerprint_key"]), f"{name}\0{latest['value']}".encode(), hashlib.sha256
    )
    return SecretInfo(name, latest["version"], digest.hexdigest()[:12], latest["changed_at"])
