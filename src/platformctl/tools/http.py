"""What is asked of a web server and what it answers, as values; sends nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

BASE = "/api/v1"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class UnusableError(Exception):
    """An answer lacks what the next request would be made from."""


def service_of(path: str) -> str:
    """The service that a path belongs to; auth has all that is neither users' nor items'."""
    named = {"users": "users", "private": "users", "items": "items"}
    return named.get(re.split(r"[/?]", path.removeprefix(BASE) + "/")[1], "auth")


@dataclass(frozen=True)
class Ask:
    """One request; `path` is written as it is sent. A patient one is repeated when the answer is 429."""

    method: str
    path: str
    token: str = field(default="", repr=False)
    content: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    chunked: bool = False
    patient: bool = True

    @property
    def service(self) -> str:
        return service_of(self.path)

    def __str__(self) -> str:
        """Ids say nothing to a reader, for what they named is deleted by then."""
        return f"{self.method} {_ID.sub('{id}', self.path.removeprefix(BASE))}"


@dataclass(frozen=True)
class Raw:
    """Bytes for a socket of its own: `parts` are sent `pause` seconds apart, then it listens for `patience`.

    For `idle` seconds before that it reads nothing. `{host}` in a part becomes the server's name.
    """

    name: str
    parts: tuple[bytes, ...] = field(repr=False)
    pause: float = 0.0
    idle: float = 0.0
    patience: float = 3.0

    @property
    def service(self) -> str:
        head = b"".join(self.parts).partition(b"\r\n")[0].split(b" ")
        return service_of(head[1].decode("latin-1") if len(head) > 1 else "")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Answer:
    """`status` is 0 when none came, and `content` then says why; `closed`: the server hung up after it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    seconds: float = 0.0
    closed: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def document(self) -> Any:
        """The body read as JSON, None when it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    def field(self, name: str) -> str:
        """Raises UnusableError when the answer has no such text."""
        found = self.document.get(name) if isinstance(self.document, dict) else None
        if not isinstance(found, str) or not found:
            raise UnusableError(f"the answer has no {name}")
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The `data` of a list. Raises UnusableError when there is none."""
        found = self.document.get("data") if isinstance(self.document, dict) else None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise UnusableError("the answer is no list of the form {data, count}")
        return found

    def __str__(self) -> str:
        """For evidence: never more than a line, and nothing of a token."""
        if not self.status:
            return f"no answer ({self.content.decode(errors='replace')})"
        detail = self.document.get("detail") if isinstance(self.document, dict) else None
        return f"{self.status}" + (f" {detail!r}"[:120] if isinstance(detail, str) else "")


def api(method: str, path: str, token: str = "", body: object = None, **more: Any) -> Ask:
    """A request below /api/v1; `body` becomes JSON."""
    content = None if body is None else json.dumps(body).encode()
    headers = tuple(more.pop("headers", ()))
    if content is not None:
        headers = (*headers, ("Content-Type", "application/json"))
    return Ask(method, BASE + path, token, content, headers, **more)


def form(path: str, fields: Mapping[str, str], **more: Any) -> Ask:
    from urllib.parse import urlencode

    headers = (*more.pop("headers", ()), ("Content-Type", "application/x-www-form-urlencoded"))
    return Ask("POST", BASE + path, "", urlencode(fields).encode(), headers, **more)
