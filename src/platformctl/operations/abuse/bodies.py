"""Bodies that are too large, lie about their length, or are JSON to some readers only."""

from __future__ import annotations

from platformctl.diagnosis.answers import Expected, refused
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps
from platformctl.tools.http import BASE, Ask, Raw, form

MIB = 1 << 20
TOO_LARGE = refused(413)
MARK = b"do-not-echo-this"
JSON = "application/json"


def a_large_body_is_refused(cast: Cast) -> Steps:
    yield Probe(_post(cast, MARK * (2 * MIB // len(MARK))), TOO_LARGE)


def a_large_body_in_pieces_is_refused(cast: Cast) -> Steps:
    content = b'{"title": "' + MARK * (2 * MIB // len(MARK)) + b'"}'
    ask = Ask("POST", f"{BASE}/items/", cast.ada.token, content, (("Content-Type", JSON),), chunked=True)
    answer = yield Probe(ask, TOO_LARGE)
    yield Claim(MARK not in answer.content, "the answer repeats the body")


def fifty_megabytes_are_refused_before_they_are_read(cast: Cast) -> Steps:
    answer = yield Probe(Raw("50 MB announced", (_head(cast, 50 * MIB),)), TOO_LARGE)
    yield Claim(answer.seconds < 3, f"it took {answer.seconds:.1f} s, as if the body were waited for")


def a_length_that_lies_hides_nothing(cast: Cast) -> Steps:
    content = b'{"title": "x"}' + MARK + b" /api/v1/items/ HTTP/1.1\r\n\r\n"
    answer = yield Probe(
        Raw("a body longer than its length", (_head(cast, 14) + content,)), Expected((200, 400))
    )
    yield Claim(MARK not in answer.content, "the answer repeats the body")


def a_password_of_ten_megabytes_is_refused(cast: Cast) -> Steps:
    yield Probe(
        form("/login/access-token", {"username": cast.ada.email, "password": "x" * 10 * MIB}), TOO_LARGE
    )


def deep_nesting_is_refused(cast: Cast) -> Steps:
    yield Probe(_post(cast, b"[" * 100_000), refused(400))
    yield Probe(_post(cast, b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), refused(400))


def a_key_that_stands_twice_is_refused(cast: Cast) -> Steps:
    yield Probe(_post(cast, b'{"title": "one", "title": "two"}'), refused(400))


def numbers_that_are_none_are_refused(cast: Cast) -> Steps:
    for word in (b"NaN", b"Infinity", b"-Infinity"):
        yield Probe(_post(cast, b'{"title": ' + word + b"}"), refused(400))


def a_byte_order_mark_is_refused(cast: Cast) -> Steps:
    yield Probe(_post(cast, b'\xef\xbb\xbf{"title": "x"}'), refused(400))


def what_is_not_utf8_or_not_json_is_refused(cast: Cast) -> Steps:
    for content in (b'{"title": "\xff"}', b'{"title": "x"', b"{'title': 'x'}"):
        yield Probe(_post(cast, content), refused((400, 422)))


def json_that_says_it_is_text_is_refused(cast: Cast) -> Steps:
    for media in ("text/plain", "application/xml"):
        yield Probe(_post(cast, b'{"title": "x"}', media), refused(415))


def _post(cast: Cast, content: bytes, media: str = JSON) -> Ask:
    return Ask("POST", f"{BASE}/items/", cast.ada.token, content, (("Content-Type", media),))


def _head(cast: Cast, length: int) -> bytes:
    return (
        f"POST {BASE}/items/ HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {cast.ada.token}\r\n"
        f"Content-Type: {JSON}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


ROWS: Rows = {
    "bodies: too large": (
        a_large_body_is_refused,
        fifty_megabytes_are_refused_before_they_are_read,
        a_password_of_ten_megabytes_is_refused,
    ),
    "bodies: too large, in chunks": (a_large_body_in_pieces_is_refused,),
    "bodies: longer than they say": (a_length_that_lies_hides_nothing,),
    "JSON: 100,000 deep": (deep_nesting_is_refused,),
    "JSON: duplicate keys": (a_key_that_stands_twice_is_refused,),
    "JSON: NaN": (numbers_that_are_none_are_refused,),
    "JSON: byte order mark": (a_byte_order_mark_is_refused,),
    "JSON: broken": (what_is_not_utf8_or_not_json_is_refused,),
    "JSON: sent as text/plain": (json_that_says_it_is_text_is_refused,),
}
