"""Promises about logging in and about what a token is worth."""

from __future__ import annotations

from platformctl.diagnosis.answers import INVALID, UNAUTHORIZED, Expected, refused
from platformctl.operations.contract.cast import Cast, log_in
from platformctl.operations.contract.people import TOKENS, registered
from platformctl.operations.contract.steps import Probe, Rows, Steps
from platformctl.tools.http import api, form

WRONG = refused(400, "Incorrect email or password")


def a_password_is_exchanged_for_tokens(cast: Cast) -> Steps:
    yield Probe(cast.ada.login(), TOKENS)


def the_spelling_of_an_address_does_not_matter(cast: Cast) -> Steps:
    yield Probe(log_in(cast.ada.email.upper(), cast.ada.password), TOKENS)


def a_wrong_password_is_refused(cast: Cast) -> Steps:
    yield Probe(cast.ada.login("not the password"), WRONG)


def an_unknown_address_is_refused_in_the_same_words(cast: Cast) -> Steps:
    yield Probe(log_in(cast.email("nobody"), cast.password), WRONG)


def an_inactive_user_is_refused(cast: Cast) -> Steps:
    _ = cast.chief  # nobody else can make an inactive one
    person = yield from registered(cast, "idle", is_active=False)
    yield Probe(person.login(), refused(400))


def a_form_without_a_password_is_invalid(cast: Cast) -> Steps:
    yield Probe(form("/login/access-token", {"username": cast.ada.email}), INVALID)


def a_token_tells_whose_it_is(cast: Cast) -> Steps:
    ada = cast.ada
    expected = Expected(200, shape="user", having={"id": ada.id, "email": ada.email})
    yield Probe(api("POST", "/login/test-token", ada.token), expected)


def no_token_is_unauthorized(cast: Cast) -> Steps:
    yield Probe(api("POST", "/login/test-token"), UNAUTHORIZED)


def a_broken_token_is_unauthorized(cast: Cast) -> Steps:
    for token in ("nonsense", cast.ada.token[:-4] + "AAAA"):
        yield Probe(api("POST", "/login/test-token", token), UNAUTHORIZED)


ROWS: Rows = {
    "POST /login/access-token": (
        a_password_is_exchanged_for_tokens,
        the_spelling_of_an_address_does_not_matter,
        a_wrong_password_is_refused,
        an_unknown_address_is_refused_in_the_same_words,
        an_inactive_user_is_refused,
        a_form_without_a_password_is_invalid,
    ),
    "POST /login/test-token": (
        a_token_tells_whose_it_is,
        no_token_is_unauthorized,
        a_broken_token_is_unauthorized,
    ),
}
