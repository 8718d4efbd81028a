"""A tiny server between a visitor and a platform that passes everything on and answers wrongly in places."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    content: bytes

    def edit(self, **fields: object) -> None:
        self.content = json.dumps(json.loads(self.content) | fields).encode()


def tamper(method: str, path: str, reply: Reply) -> None:
    """One lie for each row of LIES."""
    place = (method, ID.sub("{id}", path.removeprefix("/api/v1").partition("?")[0].rstrip("/")))
    if place == ("POST", "/login/access-token") and reply.status == 200:
        reply.headers.pop("cache-control", None)
    elif place == ("POST", "/login/test-token") and reply.status == 401:
        reply.headers.pop("www-authenticate", None)
    elif place == ("GET", "/users/{id}") and reply.status == 403:
        reply.status = 404
    elif place == ("GET", "/users/me") and reply.status == 200:
        reply.edit(password_hash="$argon2id$v=19$...")
    elif place == ("GET", "/items") and path == "/api/v1/items":
        reply.status, reply.headers["location"] = 307, "/api/v1/items/"
    elif place == ("POST", "/items") and reply.status == 200:
        reply.status = 201
    elif place == ("DELETE", "/users/{id}") and reply.status == 200:
        reply.edit(message="User deleted")
    elif place == ("POST", "/users/signup") and reply.status == 400:
        reply.edit(detail="The user with this email already exists in the system.")
    elif place == ("GET", "/users") and "limit=101" in path:
        reply.status, reply.content = 200, b'{"data": [], "count": 0}'
    elif path == "/metrics":
        reply.status = 200
    elif reply.headers.get("content-type") == "application/problem+json":
        reply.headers["content-type"] = "application/json"


LIES = {
    "POST /login/access-token",
    "POST /login/test-token",
    "GET /users/{id}",
    "GET, PUT, PATCH, DELETE /users/me",
    "GET /items",
    "POST /items",
    "DELETE /users/{id}",
    "POST /users/signup",
    "GET /users",
    "inside paths",
    "errors",
    "Idempotency-Key",  # it makes items too, and meets the lie about them
}


@contextmanager
def tampered(port: int, lies: bool = True) -> Iterator[str]:
    """The address of a server before the one on `port` of this machine."""

    class Between(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            came = connection.getresponse()
            headers = {name.lower(): value for name, value in came.getheaders()}
            reply = Reply(came.status, headers, came.read())
            connection.close()
            if lies:
                tamper(self.command, self.path, reply)
            self.answer(reply)

        def answer(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                if name not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
