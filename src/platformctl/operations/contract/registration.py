"""Promises about how a user comes to be: the three faces of one path, and sign-up."""

from __future__ import annotations

from platformctl.diagnosis.answers import INVALID, UNAUTHORIZED, Expected, refused
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.steps import Probe, Rows, Steps, Unsure
from platformctl.tools.http import Ask, api

FORBIDDEN = refused(403, "The user doesn't have enough privileges")
NORMAL = {"is_active": True, "is_superuser": False}
KNOWN = "The user with this email already exists in the system"


def _new(cast: Cast, path: str, token: str = "", **fields: object) -> Ask:
    body = {"email": cast.email("fresh"), "password": cast.password} | fields
    return api("POST", path, token, body)


def without_a_token_it_is_a_registration(cast: Cast) -> Steps:
    ask = _new(cast, "/users/", full_name="Fresh")
    yield Probe(ask, Expected(200, shape="user", having=NORMAL | {"full_name": "Fresh"}))


def a_registration_may_not_choose_privileges(cast: Cast) -> Steps:
    for path in ("/users/", "/users/signup"):
        yield Probe(_new(cast, path, is_superuser=True), INVALID)
        yield Probe(_new(cast, path, is_active=False), INVALID)


def a_superuser_chooses_privileges(cast: Cast) -> Steps:
    chosen = {"is_active": False, "is_superuser": True}
    yield Probe(_new(cast, "/users/", cast.chief.token, **chosen), Expected(200, shape="user", having=chosen))


def another_user_is_forbidden(cast: Cast) -> Steps:
    yield Probe(_new(cast, "/users/", cast.ada.token), FORBIDDEN)


def a_broken_token_is_unauthorized_and_no_registration(cast: Cast) -> Steps:
    yield Probe(_new(cast, "/users/", "nonsense"), UNAUTHORIZED)


def a_known_address_is_refused(cast: Cast) -> Steps:
    taken = _new(cast, "/users/", cast.chief.token, email=cast.bob.email.upper())
    yield Probe(taken, refused(400, f"{KNOWN}."))


def signing_up_makes_a_normal_user(cast: Cast) -> Steps:
    yield Probe(_new(cast, "/users/signup"), Expected(200, shape="user", having=NORMAL))


def a_known_address_is_refused_at_sign_up(cast: Cast) -> Steps:
    yield Probe(_new(cast, "/users/signup", email=cast.bob.email), refused(400, KNOWN))


def a_password_has_eight_to_128_characters(cast: Cast) -> Steps:
    for password in ("7 chars", "x" * 129):
        yield Probe(_new(cast, "/users/signup", password=password), INVALID)


def an_address_is_an_address(cast: Cast) -> Steps:
    for email in ("nobody", "@example.com", f"{'x' * 250}@example.com"):
        yield Probe(_new(cast, "/users/signup", email=email), INVALID)


def it_is_there_on_the_loopback_interface_alone(cast: Cast) -> Steps:
    if not cast.loopback:
        yield Probe(_new(cast, "/private/users/"), refused((404, 405)))
        return
    answer = yield Probe(_new(cast, "/private/users/"), Expected((200, 404)))
    if answer.status == 404:
        yield Unsure("the path is not mounted, as on every target but local")
        return
    yield Probe(_new(cast, "/private/users/"), Expected(200, shape="user", having=NORMAL))


ROWS: Rows = {
    "POST /users": (
        without_a_token_it_is_a_registration,
        a_registration_may_not_choose_privileges,
        a_superuser_chooses_privileges,
        another_user_is_forbidden,
        a_broken_token_is_unauthorized_and_no_registration,
        a_known_address_is_refused,
    ),
    "POST /users/signup": (
        signing_up_makes_a_normal_user,
        a_known_address_is_refused_at_sign_up,
        a_password_has_eight_to_128_characters,
        an_address_is_an_address,
    ),
    "POST /private/users": (it_is_there_on_the_loopback_interface_alone,),
}
