"""What two programs may read in two ways on the wire, paths in disguise, and clients that take their time."""

from __future__ import annotations

from platformctl.diagnosis.answers import Expected, refused
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.entrance import what_is_for_the_inside_is_not_reached
from platformctl.operations.contract.steps import Claim, Meanwhile, Probe, Promise, Rows, Steps, Unsure
from platformctl.tools.http import BASE, Answer, Ask, Raw, api

POST = "POST /api/v1/items/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
SMUGGLED = "GET /api/v1/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n"
PATHS = (
    "//api/v1/items/",
    "/api/v1//items/",
    "/api/v1/items/../users/",
    "/api/v1/./items/",
    "/api/v1/%2e%2e/metrics",
    "/api/v1/items%2f",
    "/api/v1/items%5c..%5cusers",
    "/api/v1\\items\\",
    "/%2e%2e/internal/credentials",
    "/api/v1/items/%00",
    "/api/v1/items/;/../users/",
)
SLOW, SLOW_SECONDS = 10, 12  # connections, and seconds in which each must be closed
UNREAD, UNREAD_SECONDS = 8, 8.0  # large answers on one connection, and seconds in which it must be closed


def _refused_and_closed(name: str, *texts: str) -> Promise:
    def it_is_refused_and_the_connection_closed(cast: Cast) -> Steps:
        for text in texts:
            answer: Answer = yield Probe(Raw(name, (text.encode("latin-1"),)), refused(400))
            yield Claim(answer.closed, "the connection stays open")
            yield Claim(answer.content.count(b"HTTP/1.1 ") == 0, "a second request was answered")

    return it_is_refused_and_the_connection_closed


def no_path_in_disguise_is_served(cast: Cast) -> Steps:
    for path in PATHS:
        yield Probe(Raw(path, (_get(path, cast.ada.token),)), refused((400, 404)))


def a_whole_address_is_no_path(cast: Cast) -> Steps:
    for target in ("http://{host}/api/v1/items/", "http://verify.invalid/metrics", "*", "{host}:80"):
        yield Probe(Raw(f"target {target}", (_get(target, cast.ada.token),)), refused((400, 404)))


def slow_clients_are_shut_out_and_hold_up_nobody(cast: Cast) -> Steps:
    head = f"GET {BASE}/items/ HTTP/1.1\r\nHost: {{host}}\r\n".encode()
    parts = (head, *(f"X-Slow-{n}: 1\r\n".encode() for n in range(SLOW_SECONDS)))
    slow = [Raw("a head that never ends", parts, pause=1.0, patience=1.0) for _ in range(SLOW)]
    prompt = [api("GET", "/items/?limit=1", cast.ada.token)] * 3
    answers = yield Meanwhile([*slow, *prompt], Expected((0, 200, 400, 408, 431)))
    closed = sum(each.closed for each in answers[:SLOW])
    yield Claim(
        closed == SLOW, f"{SLOW - closed} of {SLOW} were still being listened to after {SLOW_SECONDS} s"
    )
    late = [each for each in answers[SLOW:] if each.status != 200 or each.seconds > 2]
    yield Claim(not late, f"others had to wait meanwhile: {late and late[0]}")


def who_reads_nothing_is_left_and_holds_up_nobody(cast: Cast) -> Steps:
    if (yield Probe(Ask("GET", "/openapi.json"), Expected((200, 404)))).status == 404:
        yield Unsure("the description, which is large, is closed here")
        return
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: {host}\r\n\r\n" * UNREAD
    unread = Raw("answers that nobody reads", (asked,), idle=UNREAD_SECONDS, patience=1.0)
    prompt = api("GET", "/items/?limit=1", cast.ada.token)
    # over TLS what came before the end may be no whole record, and then says nothing
    answers = yield Meanwhile([unread, prompt], Expected((0, 200)))
    if b"HTTP/1.1 429 " in answers[0].content:
        yield Unsure("the gateway's limit let too few answers through")
        return
    yield Claim(answers[0].closed, f"after {UNREAD_SECONDS:g} s the connection was still held")
    yield Claim(answers[1].status == 200, f"others were answered {answers[1]} meanwhile")
    yield Claim(answers[1].seconds < 2, f"others had to wait meanwhile: {answers[1].seconds:.1f} s")


def _get(target: str, token: str) -> bytes:
    head = ("Host: {host}", f"Authorization: Bearer {token}", "Connection: close", "", "")
    return "\r\n".join((f"GET {target} HTTP/1.1", *head)).encode()


SLOW_ROWS: Rows = {
    "slow clients": (slow_clients_are_shut_out_and_hold_up_nobody,),
    "slow read": (who_reads_nothing_is_left_and_holds_up_nobody,),
}
ROWS: Rows = {
    "smuggling: length and chunks": (
        _refused_and_closed(
            "CL and TE",
            f"{POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
            f"{POST}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{SMUGGLED}",
            f"{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
            f"{POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
        ),
    ),
    "smuggling: two lengths": (
        _refused_and_closed(
            "two lengths",
            f"{POST}Content-Length: 0\r\nContent-Length: 60\r\n\r\n{SMUGGLED}",
            f"{POST}Content-Length: 0, 60\r\n\r\n{SMUGGLED}",
            f"{POST}Content-Length: +2\r\n\r\n{{}}",
        ),
    ),
    "smuggling: bare line feeds": (
        _refused_and_closed(
            "bare LF",
            "GET /api/v1/items/ HTTP/1.1\nHost: {host}\n\n",
            "GET /api/v1/items/ HTTP/1.1\r\nHost: {host}\r\nX-A: b\nX-C: d\r\n\r\n",
        ),
    ),
    "smuggling: folded lines": (
        _refused_and_closed(
            "obs-fold", "GET /api/v1/items/ HTTP/1.1\r\nHost: {host}\r\nX-A: b\r\n c\r\n\r\n"
        ),
    ),
    "paths: in disguise": (no_path_in_disguise_is_served,),
    "paths: absolute form": (a_whole_address_is_no_path,),
    "paths: of the inside": (what_is_for_the_inside_is_not_reached,),
}
