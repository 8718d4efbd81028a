"""A store that speaks as S3 does, and a bad road to it: a proxy that fails as networks and stores do."""

from __future__ import annotations

import http.client
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.loaders import JSONFileLoader
from moto.server import ThreadedMotoServer

from platformctl.backends.objects.s3.limits import Limits
from platformctl.backends.objects.s3.store import S3Objects
from platformctl.config.objects import Objects
from platformctl.shell.runner import RealRunner, Runner

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "c4nary-s3",
    "AWS_EC2_METADATA_DISABLED": "true",
}
SMALL = Limits(patience=2.0, wait=0.01, timeout=2.0, part=1000, parts=100, window=700, window_time=0.5)


@dataclass(frozen=True)
class Asked:
    """One request that reached the road."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def completes(self) -> bool:
        return self.method == "POST" and "uploadId=" in self.path

    @property
    def writes(self) -> bool:
        return self.method == "PUT"

    @property
    def reads(self) -> bool:
        return self.method == "GET" and "?" not in self.path


@dataclass(frozen=True)
class Came:
    """The store's true answer to it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Fault = Callable[["Road", Asked, Callable[[], Came]], None]


@dataclass
class Trouble:
    """`fault` takes the place of the answer, the next `times` times that a request is one of `those`."""

    those: Callable[[Asked], bool]
    fault: Fault
    times: int = 1


class Road(BaseHTTPRequestHandler):
    """Asks the true store at `server.store`, unless a trouble of the server is next."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RoadServer

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
        self.server.asked.append(asked)
        trouble = self.server.next_for(asked)
        if trouble is None:
            self.give(self.ask(asked))
        else:
            trouble.fault(self, asked, lambda: self.ask(asked))

    def ask(self, asked: Asked) -> Came:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.store, timeout=10)
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "expect"}
        connection.request(asked.method, asked.path, asked.body or None, headers)
        answer = connection.getresponse()
        came = Came(answer.status, answer.getheaders(), answer.read())
        connection.close()
        return came

    def give(self, came: Came, cut: int | None = None) -> None:
        """Only the first `cut` bytes of the body, when that is given."""
        self.send_response(came.status)
        dropped = ("connection", "transfer-encoding", "content-length", "date", "server")
        for name, value in came.headers:
            if name.lower() not in dropped:
                self.send_header(name, value)
        told = next((value for name, value in came.headers if name.lower() == "content-length"), "0")
        self.send_header("Content-Length", told if self.command == "HEAD" else str(len(came.body)))
        self.end_headers()
        self.wfile.write(came.body[:cut])
        self.wfile.flush()

    def reset(self) -> None:
        """End the connection as a router does that has forgotten it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, format: str, *args: object) -> None:
        return

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return


class RoadServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, store: int) -> None:
        super().__init__(("127.0.0.1", 0), Road)
        self.store = store
        self.troubles: list[Trouble] = []
        self.asked: list[Asked] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever broke the connection off is what a test looks at."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def next_for(self, asked: Asked) -> Trouble | None:
        found = next((each for each in self.troubles if each.times and each.those(asked)), None)
        if found is not None:
            found.times -= 1
        return found

    def expect(self, those: Callable[[Asked], bool], fault: Fault, times: int = 1) -> None:
        self.troubles.append(Trouble(those, fault, times))


def refuses(status: int, code: str, message: str = "no") -> Fault:
    """An answer of the road's own; the store never hears of the request."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    def fault(road: Road, asked: Asked, _ask: Callable[[], Came]) -> None:
        road.give(
            Came(status, [("Content-Type", "application/xml")], b"" if asked.method == "HEAD" else body)
        )

    return fault


def loses_the_request(road: Road, _asked: Asked, _ask: Callable[[], Came]) -> None:
    road.reset()


def loses_the_answer(road: Road, _asked: Asked, ask: Callable[[], Came]) -> None:
    """The store has done what was asked, and nobody hears of it."""
    ask()
    road.reset()


def forgets(road: Road, _asked: Asked, _ask: Callable[[], Came]) -> None:
    """Says that it was written, and has it not."""
    road.give(Came(200, [("ETag", '"1"')], b""))


def breaks_off(road: Road, _asked: Asked, ask: Callable[[], Came]) -> None:
    """A reset after half of the body."""
    came = ask()
    road.give(came, cut=len(came.body) // 2)
    time.sleep(0.02)  # what was sent before a reset is lost when it follows at once
    road.reset()


def ends_early(road: Road, _asked: Asked, ask: Callable[[], Came]) -> None:
    """Half of the body as if it were all of it."""
    came = ask()
    road.give(Came(came.status, came.headers, came.body[: len(came.body) // 2]))


def drips(road: Road, _asked: Asked, ask: Callable[[], Came]) -> None:
    """A byte now and then, so that no timeout between two of them is ever met."""
    came = ask()
    road.give(came, cut=0)
    try:
        for byte in came.body:
            time.sleep(0.05)
            road.wfile.write(bytes([byte]))
            road.wfile.flush()
    except OSError:
        road.close_connection = True


def names_another_etag(road: Road, _asked: Asked, ask: Callable[[], Came]) -> None:
    came = ask()
    wrong = '"00000000000000000000000000000000"'
    headers = [(name, wrong if name.lower() == "etag" else value) for name, value in came.headers]
    start, _, rest = came.body.partition(b"<ETag>")
    body = start + b"<ETag>" + wrong.encode() + b"</ETag>" + rest.partition(b"</ETag>")[2] if rest else start
    road.give(Came(came.status, headers, body))


@dataclass
class Bucket:
    """A bucket of its own for each test, and the road to it."""

    name: str
    road: RoadServer
    true: Any  # a client without a road

    def config(self, **settings: Any) -> Objects:
        named = {"kind": "s3", "bucket": self.name, "endpoint": self.road.address, "region": "us-east-1"}
        return Objects.model_validate(named | settings)

    def objects(self, runner: Runner | None = None, limits: Limits = SMALL, **settings: Any) -> S3Objects:
        used = runner or RealRunner(lambda words, outcome: None)
        return S3Objects(self.config(**settings), used, limits)

    def visible(self) -> dict[str, int]:
        listed = self.true.list_objects_v2(Bucket=self.name).get("Contents", ())
        return {each["Key"]: each["Size"] for each in listed}

    def unfinished(self) -> list[str]:
        return [each["Key"] for each in self.true.list_multipart_uploads(Bucket=self.name).get("Uploads", ())]

    def content(self, key: str) -> bytes:
        return self.true.get_object(Bucket=self.name, Key=key)["Body"].read()


@pytest.fixture(scope="session")
def road() -> Iterator[RoadServer]:
    """One store for all tests of a process, and its road. Parts may be as small as tests have them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        load = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))  # most of what a client costs
        patch.setattr(JSONFileLoader, "load_file", lambda _self, path: load(path))
        store = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        store.start()
        server = RoadServer(store.get_host_and_port()[1])
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        serving.start()
        yield server
        server.shutdown()
        server.server_close()
        store.stop()


@pytest.fixture(scope="session")
def true(road: RoadServer) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    address = f"http://127.0.0.1:{road.store}"
    return boto3.session.Session(**keys).client("s3", endpoint_url=address, region_name="us-east-1")


@pytest.fixture
def bucket(road: RoadServer, true: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    road.troubles.clear()
    road.asked.clear()
    name = f"backups-{secrets.token_hex(4)}"
    true.create_bucket(Bucket=name)
    return Bucket(name, road, true)
