"""How somebody or something new comes into a run, for the sake of what is asked next.

What such answers must be like in full is asked in the rows of their endpoints alone, so that a broken promise
is told where it belongs.
"""

from __future__ import annotations

from dataclasses import replace

from platformctl.diagnosis.answers import Expected
from platformctl.operations.contract.cast import Cast, Person
from platformctl.operations.contract.steps import Probe, Steps
from platformctl.tools.http import api

TOKENS = Expected(
    200,
    shape="tokens",
    having={"token_type": "bearer", "expires_in": 900},
    headers={"Cache-Control": "no-store"},
)
MADE = Expected((200, 201))


def registered(cast: Cast, name: str, **fields: object) -> Steps:
    """A new user, by the superuser if there is one: sign-ups have the login's limit."""
    email = cast.email(name)
    body = {"email": email, "password": cast.password, "full_name": name} | fields
    by = cast.chief.token if cast.has_chief else ""
    ask = api("POST", "/users/" if by else "/users/signup", by, body)
    answer = yield Probe(ask, MADE)
    return Person(email, cast.password, answer.field("id"))


def logged_in(person: Person) -> Steps:
    """The same person with the tokens of a new session."""
    answer = yield Probe(person.login(), Expected(200))
    return replace(person, token=answer.field("access_token"), refresh=answer.field("refresh_token"))


def newcomer(cast: Cast, name: str, **fields: object) -> Steps:
    person = yield from registered(cast, name, **fields)
    return (yield from logged_in(person))


def item(person: Person, title: str = "a thing") -> Steps:
    """The document of a new item."""
    answer = yield Probe(api("POST", "/items/", person.token, {"title": title}), MADE)
    answer.field("id")
    return answer.document
