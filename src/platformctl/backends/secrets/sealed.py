"""The encrypted file itself: its key, its text and its atomic replacement; imports nothing heavy.

Every service process opens it at its start, so what a name or a version means belongs in file.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformctl.errors import StateError
from platformctl.shell import files


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A JSON document under age encryption in `path`; its only key lies in `key`, mode 0600."""

    path: Path
    key: Path

    def read(self) -> dict[str, Any]:
        """The document, or {} when none was ever written; raises StateError when it cannot be opened."""
        import pyrage

        if not self.path.exists():
            return {}
        try:
            identity = pyrage.x25519.Identity.from_str(self.key.read_text().strip())
            return json.loads(pyrage.decrypt(self.path.read_bytes(), [identity]))
        except (OSError, ValueError, pyrage.IdentityError, pyrage.DecryptError) as error:
            raise StateError(
                "the secrets of this environment cannot be opened",
                cause=f"{self.path} with the key in {self.key}: {error}",
                state="The database and its data were not touched.",
                fix=f"put back {self.path.name} and {self.key.name} as they were, both of the same moment",
                reference="state/secrets",
            ) from error

    def write(self, document: dict[str, Any]) -> None:
        """For whoever alone may write it now."""
        import pyrage

        files.sweep(self.key)
        files.sweep(self.path)
        if not self.key.exists():
            if self.path.exists():
                self.read()  # says that the key is missing; a new one would lose every secret
            files.write_whole(self.key, str(pyrage.x25519.Identity.generate()) + "\n")
        identity = pyrage.x25519.Identity.from_str(self.key.read_text().strip())
        files.write_whole(self.path, pyrage.encrypt(json.dumps(document).encode(), [identity.to_public()]))


def newest(document: dict[str, Any]) -> dict[str, str]:
    """Every secret's newest value by name."""
    return {name: versions[-1]["value"] for name, versions in document.get("secrets", {}).items()}


def at(document: dict[str, Any], name: str, version: int) -> str | None:
    """The value that `name` had as `version`, if there was one."""
    versions = document.get("secrets", {}).get(name, [])
    return next((each["value"] for each in versions if each["version"] == version), None)
