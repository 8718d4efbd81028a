"""Where an environment keeps its files and its sockets; decides names, holds no content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformctl.errors import StateError
from platformctl.shell import files

LONGEST_SOCKET = 107  # bytes that a Unix socket's address takes on Linux
LONGEST_NAME = len("/supervisor.sock.4194304")  # supervisord binds under a name with its pid first


@dataclass(frozen=True, slots=True)
class Layout:
    """`root` is the state directory; `sockets` a short private directory outside of it.

    `lease` is the file of the lock, where that is not to end with the rest.
    """

    root: Path
    sockets: Path
    lease: Path | None = None

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str]) -> Layout:
        """The sockets' directory of the last start holds: a shell without XDG_RUNTIME_DIR finds it too."""
        if any(sign in str(root) for sign in ("\n", " ;", " #")):
            raise StateError(
                f"the state directory's path cannot be used: {str(root)!r}",
                cause="a line break, ' ;' or ' #' in it would end a line of supervisord's configuration",
                fix="set XDG_STATE_HOME to another folder",
            )
        try:
            return cls(root, Path((root / "sockets").read_text()))
        except OSError:
            return cls(root, _short_directory(root, environ))

    def prepare(self) -> None:
        """Make the private directories, and remember where the sockets are."""
        for directory in (self.root, self.sockets, self.logs, self.deploys, self.releases):
            files.private_directory(directory)
        files.write_whole(self.root / "sockets", str(self.sockets))

    @property
    def origin(self) -> Path:
        return self.root / "origin.json"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.age"

    @property
    def secrets_key(self) -> Path:
        return self.root / "secrets.key"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def point_in_time(self) -> Path:
        """Base backups, and the write-ahead log from which a moment between them is recovered."""
        return self.root / "point-in-time"

    @property
    def archive(self) -> Path:
        return self.point_in_time / "wal"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def chosen(self) -> Path:
        """Which release each service is to run."""
        return self.root / "releases.json"

    @property
    def deploys(self) -> Path:
        return self.root / "deploys"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def audit(self) -> Path:
        return self.root / "audit.jsonl"

    @property
    def lock(self) -> Path:
        return self.lease or self.root / "lock.json"

    @property
    def drill(self) -> Path:
        """The lock of the one drill that may run."""
        return self.root / "drill.json"

    @property
    def gateway_state(self) -> Path:
        return self.root / "gateway.json"

    @property
    def supervisor_configuration(self) -> Path:
        return self.root / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return self.sockets / "supervisor.sock"

    def control_socket(self, process: str) -> Path:
        return self.sockets / f"{process}.sock"

    def log(self, program: str) -> Path:
        return self.logs / f"{program}.log"


def _short_directory(root: Path, environ: Mapping[str, str]) -> Path:
    name = f"platformctl-{os.getuid()}-{hashlib.sha256(str(root).encode()).hexdigest()[:10]}"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    fits = len(os.fsencode(runtime)) + 1 + len(name) + LONGEST_NAME <= LONGEST_SOCKET
    if runtime.startswith("/") and fits and os.access(runtime, os.W_OK):
        return Path(runtime) / name
    return Path("/tmp") / name
