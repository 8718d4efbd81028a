"""The three services as real processes on a real database; what is asked of them is in the tests."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from joserfc.jwk import KeySet, OKPKey, RSAKey

from tests.postgres import SERVICES, Postgres

ADMIN = ("admin@example.com", secrets.token_urlsafe())
START_SECONDS, STOP_SECONDS = 30, 60


@dataclass
class Keys:
    """The secrets of one platform; tests use them to forge what they must not be able to forge otherwise."""

    signing: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "signing-1"}))
    internal: dict[str, OKPKey] = field(
        default_factory=lambda: {
            name: OKPKey.generate_key("Ed25519", {"kid": name}, private=True)
            for name in (*SERVICES, "gateway")
        }
    )

    def environment(self, service: str) -> dict[str, str]:
        public = KeySet(list(self.internal.values())).as_dict(private=False)
        own = {"INTERNAL_KEY": json.dumps(self.internal[service].as_dict(private=True))}
        signing = {"keys": [self.signing.as_dict(private=True)]}
        return own | {"INTERNAL_KEYS": json.dumps(public), "SIGNING_KEYS": json.dumps(signing)}


@dataclass
class Service:
    """One process of `name`."""

    name: str
    listener: socket.socket
    environment: dict[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        program = [sys.executable, "-m", "services.common.serve", self.name]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                program, stdin=self.listener.fileno(), stdout=log, stderr=log, env=self.environment
            )

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)

    def lines(self, event: str) -> list[dict]:
        """What the process has logged of `event`."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def control(self, path: str, **document: object) -> httpx.Response:
        """PUT when there is a document, else GET."""
        transport = httpx.HTTPTransport(uds=self.environment["CONTROL_SOCKET"], verify=False)
        with httpx.Client(transport=transport, base_url="http://control", timeout=15) as client:
            return client.put(path, json=document) if document else client.get(path)

    def wait_until_ready(self) -> None:
        deadline, last = time.monotonic() + START_SECONDS, "nothing yet"
        while time.monotonic() < deadline:
            assert self.process
            if self.process.poll() is not None:
                break
            try:
                answer = self.control("/readyz")
                if answer.status_code == 200:
                    return
                last = answer.text
            except httpx.TransportError as error:
                last = str(error)
            time.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready: {last}\n{self.log.read_text()[-3000:]}")


class Platform:
    """Services that know each other; `extra` are variables for single ones, by name."""

    def __init__(self, postgres: Postgres, name: str, extra: dict[str, dict[str, str]] | None = None) -> None:
        self.postgres = postgres
        self.database = database = postgres.create_database(name)
        self.keys = Keys()
        self.folder = Path(tempfile.mkdtemp(prefix="pf-", dir="/tmp"))
        listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in SERVICES}
        addresses = {
            f"{name.upper()}_URL": f"http://127.0.0.1:{each.getsockname()[1]}"
            for name, each in listeners.items()
        }
        self.services = {
            name: Service(
                name,
                listeners[name],
                _inherited()
                | addresses
                | self.keys.environment(name)
                | {"DATABASE_URL": database.url(name), "CONTROL_SOCKET": str(self.folder / f"{name}.sock")}
                | {"DRAIN_SECONDS": "1", "RELEASE": "test"}
                | (extra or {}).get(name, {}),
                self.folder,
            )
            for name in SERVICES
        }

    def query(self, statement: str) -> list[str]:
        """As the database's superuser."""
        return self.postgres.query(statement, self.database.name)

    def migrate(self, service: str, *, action: str = "upgrade") -> dict:
        email, password = ADMIN
        first = {"FIRST_SUPERUSER": email, "FIRST_SUPERUSER_PASSWORD": password}
        done = subprocess.run(
            [sys.executable, "-m", "services.common.migrate", service, action],
            env=self.services[service].environment | first,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def another(self, name: str, **extra: str) -> Iterator[Service]:
        """One more process of a service, to which requests go until the end; ready when it is given."""
        first = self.services[name]
        more = {"CONTROL_SOCKET": str(self.folder / f"{name}-{secrets.token_hex(4)}.sock"), **extra}
        listener = socket.create_server(("127.0.0.1", 0))
        second = Service(name, listener, first.environment | more, self.folder)
        second.start()
        try:
            second.wait_until_ready()
            self.services[name] = second
            yield second
        finally:
            self.services[name] = first
            second.stop()
            listener.close()

    @contextmanager
    def gateways(self, count: int, **extra: str) -> Iterator[list[Service]]:
        """`count` gateway processes before the services, each on a port of its own; ready when given."""
        addresses = {f"{name.upper()}_URL": each.url for name, each in self.services.items()}
        variables = {**_inherited(), **addresses, **extra, "REPLICAS": str(count)}
        variables["INTERNAL_KEY"] = self.keys.environment("gateway")["INTERNAL_KEY"]
        started: list[Service] = []
        try:
            for _ in range(count):
                place = self.folder / f"gateway-{secrets.token_hex(4)}"
                place.mkdir()
                own = {"CONTROL_SOCKET": str(place / "s"), "STATE_FILE": str(place / "state.json")}
                listener = socket.create_server(("127.0.0.1", 0))
                started.append(Service("gateway", listener, variables | own, place))
                started[-1].start()
            for each in started:
                each.wait_until_ready()
            yield started
        finally:
            for each in started:
                each.stop()
                each.listener.close()

    def start(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.migrate, SERVICES))
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.wait_until_ready()

    def stop(self) -> None:
        for service in self.services.values():
            service.stop()
            service.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _inherited() -> dict[str, str]:
    return {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH") if key in os.environ}


@contextmanager
def serving(
    postgres: Postgres, name: str, extra: dict[str, dict[str, str]] | None = None
) -> Iterator[Platform]:
    """A platform of its own for the block."""
    platform = Platform(postgres, name, extra)
    try:
        platform.start()
        yield platform
    finally:
        platform.stop()
