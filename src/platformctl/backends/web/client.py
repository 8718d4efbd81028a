"""A visit by httpx, paced: elsewhere over TLS most requests share a connection, all others have one each."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

from platformctl.backends import trust
from platformctl.backends.calls import mutation
from platformctl.backends.web import wire
from platformctl.backends.web.pace import ALL, KEPT, SENSITIVE, Pace
from platformctl.shell.runner import Runner
from platformctl.tools.http import Answer, Ask, Raw

if TYPE_CHECKING:
    import httpx

TIMEOUT = 6.0  # seconds; the gateway's own deadline is 5
CROWDED = 20.0  # seconds, of many at once: to ask them takes this machine long, too
MOST_AT_ONCE = 128
TRIES = 6
_SENSITIVE = re.compile(r"/api/v1/(login/access-token|password-recovery/|reset-password|users/signup)")


class HttpWeb:
    """`certificate` answers with the file of the own gateway's certificate; others are believed as usual."""

    def __init__(self, runner: Runner, certificate: Callable[[], str | None]) -> None:
        self.runner = runner
        self._certificate = certificate

    @contextmanager
    def visit(self, url: str, own: bool, services: Mapping[str, str] | None = None) -> Iterator[HttpVisit]:
        visit = self._own(url, services) if own else HttpVisit(url)
        try:
            yield visit
        finally:
            visit.close()

    @mutation("visit {url}, make users and items there, and delete them again")
    def _own(self, url: str, services: Mapping[str, str] | None) -> HttpVisit:
        certificate = self._certificate()
        return HttpVisit(url, trust.pinned(certificate) if certificate else None, services)


class HttpVisit:
    """A connection that is kept ends at one replica of the gateway; new ones reach each of them."""

    def __init__(
        self,
        url: str,
        trusted: ssl.SSLContext | None = None,
        services: Mapping[str, str] | None = None,
    ) -> None:
        """Without `trusted` the system's authorities are believed.

        With `services`, addresses by name, each is asked for what is its own, past the gateway at `url`.
        """
        import httpx

        self._url, self._trusted, self._services = url, trusted, services or {}
        # where a new connection takes its time; the own gateway is on this machine
        self._distant = url.startswith("https:") and trusted is None
        common: dict[str, Any] = {"timeout": TIMEOUT, "trust_env": False}
        common |= {"verify": trusted} if trusted else {}
        self._kept = httpx.Client(limits=httpx.Limits(max_keepalive_connections=1), **common)
        fresh = httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=0)
        self._fresh = httpx.Client(limits=fresh, **common)
        self._all, self._sensitive = Pace(*(KEPT if self._distant else ALL)), Pace(*SENSITIVE)
        self._background: ThreadPoolExecutor | None = None
        self._ended = Event()

    def close(self) -> None:
        self._ended.set()
        if self._background is not None:
            self._background.shutdown(cancel_futures=True)
        self._kept.close()
        self._fresh.close()

    def ask(self, ask: Ask | Raw) -> Answer:
        self._all.take()
        if isinstance(ask, Raw):
            return wire.exchange(self._at(ask), ask, self._trusted)
        sensitive = _sensitive(ask)
        for _ in range(TRIES):
            if sensitive:
                self._sensitive.take()
            answer = self._send(self._kept if self._distant and not sensitive else self._fresh, ask)
            if answer.status != 429 or not ask.patient:
                break
            (self._sensitive if sensitive else self._all).refused(answer.header("retry-after"))
        return answer

    def together(self, asks: Sequence[Ask | Raw]) -> tuple[Answer, ...]:
        with ThreadPoolExecutor(min(MOST_AT_ONCE, len(asks))) as pool:
            answers = tuple(pool.map(self._once, asks))
        self._all.spent()
        if any(isinstance(each, Ask) and _sensitive(each) for each in asks):
            self._sensitive.spent()
        return answers

    def begin(self, asks: Sequence[Ask | Raw]) -> Future[tuple[Answer, ...]]:
        if self._background is None:
            self._background = ThreadPoolExecutor(2)
        return self._background.submit(self.together, asks)

    def _once(self, ask: Ask | Raw) -> Answer:
        return (
            wire.exchange(self._at(ask), ask, self._trusted, self._ended)
            if isinstance(ask, Raw)
            else self._send(self._fresh, ask, CROWDED)
        )

    def _at(self, ask: Ask | Raw) -> str:
        return self._services.get(ask.service, self._url)

    def _send(self, client: httpx.Client, ask: Ask, timeout: float = TIMEOUT) -> Answer:
        import httpx

        headers = [*ask.headers, *([("Authorization", f"Bearer {ask.token}")] if ask.token else ())]
        content: Any = ask.content
        if ask.chunked and content is not None:
            content = _pieces(content)
        try:
            url = self._at(ask) + ask.path
            came = client.request(ask.method, url, content=content, headers=headers, timeout=timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(0, content=f"{type(error).__name__}: {error}".encode())
        found = tuple(came.headers.multi_items())
        return Answer(came.status_code, found, came.content, came.elapsed.total_seconds())


def _sensitive(ask: Ask) -> bool:
    """What has the login's limit at the gateway; a POST to users without a token is a sign-up."""
    signs_up = ask.method == "POST" and ask.path.rstrip("/") == "/api/v1/users" and not ask.token
    return signs_up or _SENSITIVE.match(ask.path) is not None


def _pieces(content: bytes, size: int = 65536) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
