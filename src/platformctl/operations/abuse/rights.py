"""Reaching for what belongs to others, and for rights that nobody gave."""

from __future__ import annotations

from platformctl.diagnosis.answers import INVALID, UNAUTHORIZED, Expected, refused
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.items import FORBIDDEN as NOT_THEIRS
from platformctl.operations.contract.own_account import SELF_DELETION
from platformctl.operations.contract.people import item, newcomer
from platformctl.operations.contract.registration import FORBIDDEN
from platformctl.operations.contract.registration import (
    a_registration_may_not_choose_privileges as registering,
)
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps, Together
from platformctl.tools.http import Ask, Raw, api

METHODS = {"GET": None, "PUT": {"full_name": "x"}, "PATCH": {"full_name": "x"}, "DELETE": None}
SPELLINGS = ("X-User-Id", "X_User_Id", "x-user_id", "X-Auth-User-Id", "X-Forwarded-User")


def no_method_reaches_another_users_item(cast: Cast) -> Steps:
    thing = yield from item(cast.bob)
    for method, body in METHODS.items():
        named = {"title": "mine"} if body else None
        yield Probe(api(method, f"/items/{thing['id']}", cast.ada.token, named), NOT_THEIRS)
    yield Probe(api("GET", f"/items/{thing['id']}", cast.bob.token), Expected(200, document=thing))


def no_method_reaches_another_user(cast: Cast) -> Steps:
    for method, body in METHODS.items():
        yield Probe(api(method, f"/users/{cast.bob.id}", cast.ada.token, body), FORBIDDEN)


def fields_that_are_not_for_users_are_invalid(cast: Cast) -> Steps:
    ada = cast.ada
    for fields in ({"is_superuser": True}, {"is_active": True}, {"id": cast.bob.id}, {"password_hash": "x"}):
        yield Probe(api("PATCH", "/users/me", ada.token, fields), INVALID)
    thing = yield from item(ada)
    for fields in ({"owner_id": cast.bob.id}, {"id": cast.bob.id}, {"created_at": "2020-01-01T00:00:00Z"}):
        yield Probe(api("POST", "/items/", ada.token, {"title": "x"} | fields), INVALID)
        yield Probe(api("PATCH", f"/items/{thing['id']}", ada.token, fields), INVALID)
    yield Probe(api("GET", "/users/me", ada.token), Expected(200, having={"is_superuser": False}))


def a_superuser_does_not_remove_themselves(cast: Cast) -> Steps:
    chief = cast.chief
    yield Probe(api("DELETE", "/users/me", chief.token), SELF_DELETION)
    yield Probe(api("DELETE", f"/users/{chief.id}", chief.token), SELF_DELETION)


def two_superusers_who_demote_each_other_leave_one(cast: Cast) -> Steps:
    """Both are of the run's own making, and the one that was given stays what they are in any case."""
    _ = cast.chief
    one = yield from newcomer(cast, "one", is_superuser=True)
    two = yield from newcomer(cast, "two", is_superuser=True)
    demoted = {"is_superuser": False}
    asks = [
        api("PATCH", f"/users/{two.id}", one.token, demoted),
        api("PATCH", f"/users/{one.id}", two.token, demoted),
    ]
    yield Together(asks, Expected((200, 401, 403, 429)))
    yield Probe(api("GET", "/users/?limit=1", cast.chief.token), Expected(200, shape="users"))


def headers_about_who_asks_are_not_believed(cast: Cast) -> Steps:
    headers = (*((name, cast.bob.id) for name in SPELLINGS), ("X-User-Role", "superuser"))
    yield Probe(api("GET", "/users/me", headers=headers), UNAUTHORIZED)
    yield Probe(api("GET", "/users/", cast.ada.token, headers=headers), FORBIDDEN)
    own = Expected(200, headers={"X-User-Id": cast.ada.id, "X-User-Role": "user"})
    yield Probe(api("GET", "/auth/verify", cast.ada.token, headers=headers), own)


def a_header_that_names_authorization_is_refused(cast: Cast) -> Steps:
    """Dropped on the way, it would turn a forbidden request into a registration."""
    body = f'{{"email": "{cast.email("hop")}", "password": "{cast.password}"}}'
    head = (
        "POST /api/v1/users/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Bearer {cast.ada.token}\r\n"
        "Connection: close, authorization\r\n\r\n"
    )
    yield Probe(Raw("Connection: authorization", (head.encode() + body.encode(),)), refused((400, 403)))


def another_address_in_a_header_is_no_other_client(cast: Cast) -> Steps:
    answers = yield Together([_login(cast, n, rotating=True) for n in range(40)], Expected((400, 429)))
    if any(each.status == 429 for each in answers):
        return
    answers = yield Together([_login(cast, n, rotating=False) for n in range(40)], Expected((400, 429)))
    limited = any(each.status == 429 for each in answers)
    yield Claim(not limited, "with another X-Forwarded-For each time, the limit of logins is not met")


def _login(cast: Cast, number: int, rotating: bool) -> Ask:
    from platformctl.tools.http import form

    headers = (("X-Forwarded-For", f"198.51.100.{number}"), ("X-Real-IP", f"198.51.100.{number}"))
    fields = {"username": f"{cast.tag}-nobody-{number}@example.com", "password": "not the password"}
    return form("/login/access-token", fields, headers=headers if rotating else (), patient=False)


SPENDING: Rows = {"headers: rotating X-Forwarded-For": (another_address_in_a_header_is_no_other_client,)}
ROWS: Rows = {
    "others' items": (no_method_reaches_another_users_item,),
    "other users": (no_method_reaches_another_user,),
    "mass assignment": (fields_that_are_not_for_users_are_invalid, registering),
    "superusers: removed or demoted": (
        a_superuser_does_not_remove_themselves,
        two_superusers_who_demote_each_other_leave_one,
    ),
    "headers: spoofed identity": (headers_about_who_asks_are_not_believed,),
    "headers: Connection: authorization": (a_header_that_names_authorization_is_refused,),
}
