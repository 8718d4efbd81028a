"""Promises about what a user may do with their own account."""

from __future__ import annotations

from dataclasses import replace

from platformctl.diagnosis.answers import INVALID, UNAUTHORIZED, Expected, refused, said
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.people import newcomer
from platformctl.operations.contract.sessions import ended
from platformctl.operations.contract.steps import Probe, Rows, Steps
from platformctl.tools.http import api

CHANGES = ("PUT", "PATCH")
SELF_DELETION = refused(403, "Super users are not allowed to delete themselves")


def a_user_reads_themselves(cast: Cast) -> Steps:
    ada = cast.ada
    expected = Expected(200, shape="user", having={"id": ada.id, "email": ada.email, "is_superuser": False})
    yield Probe(api("GET", "/users/me", ada.token), expected)


def nobody_is_unauthorized(cast: Cast) -> Steps:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"full_name": "x"} if method in CHANGES else None
        yield Probe(api(method, "/users/me", "", body), UNAUTHORIZED)


def both_methods_change_only_what_is_named(cast: Cast) -> Steps:
    bob = cast.bob
    for method in CHANGES:
        having = {"full_name": f"Bob by {method}", "email": bob.email}
        ask = api(method, "/users/me", bob.token, {"full_name": having["full_name"]})
        yield Probe(ask, Expected(200, shape="user", having=having))
        yield Probe(api("GET", "/users/me", bob.token), Expected(200, having=having))
        yield Probe(api(method, "/users/me", bob.token, {}), Expected(200, having=having))


def a_full_name_may_be_taken_away(cast: Cast) -> Steps:
    ask = api("PATCH", "/users/me", cast.bob.token, {"full_name": None})
    yield Probe(ask, Expected(200, shape="user", having={"full_name": None}))


def a_taken_address_is_a_conflict(cast: Cast) -> Steps:
    for method in CHANGES:
        ask = api(method, "/users/me", cast.bob.token, {"email": cast.ada.email.upper()})
        yield Probe(ask, refused(409, "User with this email already exists"))


def privileges_are_no_field_of_ones_own(cast: Cast) -> Steps:
    for field in ("is_superuser", "is_active"):
        yield Probe(api("PATCH", "/users/me", cast.bob.token, {field: True}), INVALID)


def a_user_deletes_themselves_and_every_token_ends(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "quitter")
    yield Probe(api("DELETE", "/users/me", person.token), said("User deleted successfully"))
    yield from ended(person)
    yield Probe(person.login(), refused(400, "Incorrect email or password"))


def a_superuser_does_not_delete_themselves(cast: Cast) -> Steps:
    yield Probe(api("DELETE", "/users/me", cast.chief.token), SELF_DELETION)


def a_changed_password_ends_every_other_session(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "changer")
    answer = yield Probe(person.login(), Expected(200))
    other = replace(person, token=answer.field("access_token"))
    change = {"current_password": person.password, "new_password": cast.second_password}
    ask = api("PATCH", "/users/me/password", person.token, change)
    yield Probe(ask, said("Password updated successfully"))
    yield from ended(other)
    yield Probe(api("GET", "/users/me", person.token), Expected(200))
    yield Probe(person.login(), refused(400, "Incorrect email or password"))
    yield Probe(person.login(cast.second_password), Expected(200))


def a_wrong_password_changes_nothing(cast: Cast) -> Steps:
    for method in CHANGES:
        body = {"current_password": "not the password", "new_password": cast.second_password}
        yield Probe(
            api(method, "/users/me/password", cast.ada.token, body), refused(400, "Incorrect password")
        )


def the_same_password_is_no_new_one(cast: Cast) -> Steps:
    words = "New password cannot be the same as the current one"
    body = {"current_password": cast.ada.password, "new_password": cast.ada.password}
    yield Probe(api("PUT", "/users/me/password", cast.ada.token, body), refused(400, words))


def a_short_password_is_invalid(cast: Cast) -> Steps:
    body = {"current_password": cast.ada.password, "new_password": "short"}
    yield Probe(api("PUT", "/users/me/password", cast.ada.token, body), INVALID)


ROWS: Rows = {
    "GET, PUT, PATCH, DELETE /users/me": (
        a_user_reads_themselves,
        nobody_is_unauthorized,
        both_methods_change_only_what_is_named,
        a_full_name_may_be_taken_away,
        a_taken_address_is_a_conflict,
        privileges_are_no_field_of_ones_own,
        a_user_deletes_themselves_and_every_token_ends,
        a_superuser_does_not_delete_themselves,
    ),
    "PUT, PATCH /users/me/password": (
        a_changed_password_ends_every_other_session,
        a_wrong_password_changes_nothing,
        the_same_password_is_no_new_one,
        a_short_password_is_invalid,
    ),
}
