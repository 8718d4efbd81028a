"""Values at and beyond every edge: numbers, texts, addresses, and many at once."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from platformctl.diagnosis.answers import INVALID, Expected, refused
from platformctl.operations.contract.cast import DOMAIN, Cast, Person, log_in
from platformctl.operations.contract.people import item
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps, Together, Unsure, Wait
from platformctl.tools.http import BASE, Ask, api

CROWD, LOGINS = 50, 200
AGAIN, LIMITED = 2, 3.0  # seconds after which a limit that others used up lets some through again
EXOTIC = "\U0001f9e8 \u202eabc\u202c \u0645\u0631\u062d\u0628\u0627 e\u0301 \u00e9 \ufeff\u200d"
BUSY = Expected((200, 400, 429, 503))


def numbers_beyond_the_bounds_are_invalid(cast: Cast) -> Steps:
    for query in (
        "limit=-1",
        "limit=0",
        "limit=1000000000",
        "limit=1e9",
        "skip=9223372036854775808",
        "skip=-1",
    ):
        yield Probe(api("GET", f"/items/?{query}", cast.ada.token), INVALID)


def a_repeated_key_is_invalid(cast: Cast) -> Steps:
    for query in ("limit=1&limit=2", "skip=0&skip=0", "sorting=title&sorting=-title"):
        yield Probe(api("GET", f"/items/?{query}", cast.ada.token), INVALID)


def nul_and_half_characters_are_invalid(cast: Cast) -> Steps:
    for text in ("a\\u0000b", "a\\ud800b", "\\udfff"):
        content = f'{{"title": "{text}"}}'.encode()
        yield Probe(_json("POST", "/items/", cast.ada, content), INVALID)
        content = f'{{"full_name": "{text}"}}'.encode()
        yield Probe(_json("PATCH", "/users/me", cast.ada, content), INVALID)
    yield Probe(log_in(f"{cast.tag}\0@{DOMAIN}", "a\0b"), Expected((400, 422)))


def every_other_text_is_stored_exactly(cast: Cast) -> Steps:
    thing = yield from item(cast.ada, EXOTIC)
    ask = api("GET", f"/items/{thing['id']}", cast.ada.token)
    yield Probe(ask, Expected(200, having={"title": EXOTIC}))


def null_is_no_value_for_what_must_have_one(cast: Cast) -> Steps:
    thing = yield from item(cast.ada)
    yield Probe(api("PATCH", f"/items/{thing['id']}", cast.ada.token, {"title": None}), INVALID)
    yield Probe(api("PATCH", "/users/me", cast.ada.token, {"email": None}), INVALID)
    yield Probe(api("POST", "/items/", cast.ada.token, {"title": None}), INVALID)


def one_address_has_one_account_however_it_is_spelled(cast: Cast) -> Steps:
    local = f"{cast.tag}-ren\u00e9e-{next(cast.numbers)}"
    first = f"{local}@{DOMAIN}"
    answer = yield Probe(_sign_up(cast, first), Expected((200, 422)))
    if answer.status == 422:
        first = cast.email("twin")
        yield Probe(_sign_up(cast, first), Expected(200))
    for twin in (first.upper(), first.replace(DOMAIN, DOMAIN.title()), unicodedata.normalize("NFD", first)):
        yield Probe(_sign_up(cast, twin), refused(400) if answer.status == 200 else Expected((400, 422)))
    yield Probe(_sign_up(cast, f"{first}."), Expected((400, 422)))


def of_fifty_sign_ups_at_once_one_succeeds(cast: Cast) -> Steps:
    email = cast.email("wanted")
    body = {"email": email, "password": cast.password}
    asks = [api("POST", "/users/signup", "", body, patient=False) for _ in range(CROWD)]
    yield from _one_winner(asks, Expected((200, 400, 429)))
    if cast.has_chief:
        asks = [
            api("POST", "/users/", cast.chief.token, body | {"email": cast.email("wished")}, patient=False)
        ]
        yield from _one_winner(asks * CROWD, Expected((200, 400, 429)))


def _one_winner(asks: list[Ask], expected: Expected) -> Steps:
    answers = yield Together(asks, expected)
    for _ in range(AGAIN):
        if any(each.status != 429 for each in answers):
            break
        yield Wait(LIMITED)
        answers = yield Together(asks, expected)
    if all(each.status == 429 for each in answers):
        yield Unsure("the gateway's limit let none through")
        return
    won = [each for each in answers if each.status == 200]
    yield Claim(len(won) == 1, f"{len(won)} of {len(asks)} made an account with one address")


def many_logins_at_once_are_answered_or_told_to_come_again(cast: Cast) -> Steps:
    asks = [log_in(f"{cast.tag}-nobody-{n}@{DOMAIN}", "not the password") for n in range(LOGINS)]
    answers = yield Together(asks, BUSY)
    silent = [each for each in answers if each.status in (429, 503) and each.header("retry-after") is None]
    yield Claim(not silent, f"{len(silent)} were not told when to come again")


def _sign_up(cast: Cast, email: str) -> Ask:
    return api("POST", "/users/signup", "", {"email": email, "password": cast.password})


def _json(method: str, path: str, person: Person, content: bytes | Any) -> Ask:
    sent = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Ask(method, BASE + path, person.token, sent, (("Content-Type", "application/json"),))


ROWS: Rows = {
    "numbers: beyond the bounds": (numbers_beyond_the_bounds_are_invalid, a_repeated_key_is_invalid),
    "texts: NUL and lone surrogates": (nul_and_half_characters_are_invalid,),
    "texts: four bytes and both directions": (every_other_text_is_stored_exactly,),
    "null for what must have a value": (null_is_no_value_for_what_must_have_one,),
    "addresses: twins": (one_address_has_one_account_however_it_is_spelled,),
    "sign-up: 50 at once": (of_fifty_sign_ups_at_once_one_succeeds,),
    "logins: 200 at once": (many_logins_at_once_are_answered_or_told_to_come_again,),
}
