"""Promises about what a superuser may do with the accounts of others, and what nobody else may."""

from __future__ import annotations

import uuid

from platformctl.diagnosis.answers import INVALID, UNAUTHORIZED, Expected, refused, said
from platformctl.operations.contract import lists
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.own_account import CHANGES, SELF_DELETION
from platformctl.operations.contract.people import item, newcomer, registered
from platformctl.operations.contract.registration import FORBIDDEN
from platformctl.operations.contract.sessions import ended
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps, Wait
from platformctl.tools.http import api

UNKNOWN = "The user with this id does not exist in the system"
PURGED_WITHIN = 5  # seconds in which the items of a deleted user are gone


def _nobody(path: str = "/users/") -> str:
    return f"{path}{uuid.uuid4()}"


def only_a_superuser_sees_all_users(cast: Cast) -> Steps:
    yield Probe(api("GET", "/users/", cast.ada.token), FORBIDDEN)
    yield Probe(api("GET", "/users/"), UNAUTHORIZED)


def the_newest_users_come_first(cast: Cast) -> Steps:
    yield from lists.newest_first("/users/", cast.chief.token, "users")


def users_are_sorted_by_what_is_asked_for(cast: Cast) -> Steps:
    yield from lists.sorted_by("email", "/users/", cast.chief.token, cast.tag)


def the_list_of_users_has_bounds(cast: Cast) -> Steps:
    yield from lists.bounded("/users/", cast.chief.token, "users")
    yield from lists.beyond("/users/", cast.chief.token, "users")


def both_spellings_list_the_users(cast: Cast) -> Steps:
    yield from lists.spelled_both_ways("/users/", cast.chief.token, "users")


def a_user_reads_themselves_by_id(cast: Cast) -> Steps:
    ask = api("GET", f"/users/{cast.ada.id}", cast.ada.token)
    yield Probe(ask, Expected(200, shape="user", having={"email": cast.ada.email}))


def another_user_is_forbidden_and_so_is_an_unknown_id(cast: Cast) -> Steps:
    for path in (f"/users/{cast.bob.id}", _nobody()):
        yield Probe(api("GET", path, cast.ada.token), FORBIDDEN)


def a_superuser_reads_everybody(cast: Cast) -> Steps:
    ask = api("GET", f"/users/{cast.ada.id}", cast.chief.token)
    yield Probe(ask, Expected(200, shape="user", having={"email": cast.ada.email}))
    yield Probe(api("GET", _nobody(), cast.chief.token), refused(404, "User not found"))


def an_id_is_a_uuid(cast: Cast) -> Steps:
    yield Probe(api("GET", "/users/1", cast.ada.token), INVALID)


def a_superuser_changes_only_what_is_named(cast: Cast) -> Steps:
    person = yield from registered(cast, "changed")
    for method in CHANGES:
        having = {"full_name": f"by {method}", "email": person.email, "is_active": True}
        ask = api(method, f"/users/{person.id}", cast.chief.token, {"full_name": f"by {method}"})
        yield Probe(ask, Expected(200, shape="user", having=having))
    again = {"password": cast.second_password}
    yield Probe(api("PATCH", f"/users/{person.id}", cast.chief.token, again), Expected(200, shape="user"))
    yield Probe(person.login(cast.second_password), Expected(200))


def a_user_may_not_change_others(cast: Cast) -> Steps:
    for path in (f"/users/{cast.bob.id}", f"/users/{cast.ada.id}", _nobody()):
        yield Probe(api("PATCH", path, cast.ada.token, {"full_name": "x"}), FORBIDDEN)


def an_unknown_id_cannot_be_changed(cast: Cast) -> Steps:
    for method in CHANGES:
        yield Probe(api(method, _nobody(), cast.chief.token, {"full_name": "x"}), refused(404, UNKNOWN))


def an_address_that_another_has_is_a_conflict(cast: Cast) -> Steps:
    ask = api("PATCH", f"/users/{cast.bob.id}", cast.chief.token, {"email": cast.ada.email})
    yield Probe(ask, refused(409, "User with this email already exists"))


def a_disabled_user_is_out_within_a_second(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "disabled")
    ask = api("PATCH", f"/users/{person.id}", cast.chief.token, {"is_active": False})
    yield Probe(ask, Expected(200, shape="user", having={"is_active": False}))
    yield from ended(person)


def a_deleted_user_is_gone_with_all_items(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "deleted")
    thing = yield from item(person)
    ask = api("DELETE", f"/users/{person.id}", cast.chief.token)
    yield Probe(ask, said("User deleted successfully"))
    yield Probe(ask, refused(404, "User not found"))
    yield from ended(person)
    for _ in range(PURGED_WITHIN):
        answer = yield Probe(api("GET", f"/items/{thing['id']}", cast.chief.token), Expected((200, 404)))
        if answer.status == 404:
            return
        yield Wait(1)
    yield Claim(False, f"an item of a deleted user is still there after {PURGED_WITHIN} s")


def a_superuser_cannot_delete_their_own_id(cast: Cast) -> Steps:
    yield Probe(api("DELETE", f"/users/{cast.chief.id}", cast.chief.token), SELF_DELETION)


def a_user_may_not_delete_by_id(cast: Cast) -> Steps:
    for path in (f"/users/{cast.bob.id}", f"/users/{cast.ada.id}", _nobody()):
        yield Probe(api("DELETE", path, cast.ada.token), FORBIDDEN)


ROWS: Rows = {
    "GET /users": (
        only_a_superuser_sees_all_users,
        the_newest_users_come_first,
        users_are_sorted_by_what_is_asked_for,
        the_list_of_users_has_bounds,
        both_spellings_list_the_users,
    ),
    "GET /users/{id}": (
        a_user_reads_themselves_by_id,
        another_user_is_forbidden_and_so_is_an_unknown_id,
        a_superuser_reads_everybody,
        an_id_is_a_uuid,
    ),
    "PUT, PATCH /users/{id}": (
        a_superuser_changes_only_what_is_named,
        a_user_may_not_change_others,
        an_unknown_id_cannot_be_changed,
        an_address_that_another_has_is_a_conflict,
        a_disabled_user_is_out_within_a_second,
    ),
    "DELETE /users/{id}": (
        a_deleted_user_is_gone_with_all_items,
        a_superuser_cannot_delete_their_own_id,
        a_user_may_not_delete_by_id,
    ),
}
