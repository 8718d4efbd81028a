"""Promises about items: their owner's, a superuser's, and nobody else's."""

from __future__ import annotations

import uuid
from typing import Any

from platformctl.diagnosis.answers import INVALID, UNAUTHORIZED, Expected, refused, said
from platformctl.operations.contract import lists
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.own_account import CHANGES
from platformctl.operations.contract.people import item
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps
from platformctl.tools.http import api

MISSING = refused(404, "Item not found")
FORBIDDEN = refused(403, "Not enough permissions")
WORDS = ("apple", "pear", "cherry")


def somebody_elses_item_is_not_listed(cast: Cast) -> Steps:
    thing = yield from item(cast.bob)
    answer = yield Probe(api("GET", "/items/", cast.ada.token), Expected(200, shape="items"))
    owners = {row.get("owner_id") for row in answer.rows()}
    yield Claim(owners <= {cast.ada.id}, f"the list holds the item {thing['id']} of another user")


def a_superuser_sees_the_items_of_all(cast: Cast) -> Steps:
    thing = yield from item(cast.bob)
    answer = yield Probe(api("GET", "/items/", cast.chief.token), Expected(200, shape="items"))
    seen = {row.get("id") for row in answer.rows()}
    yield Claim(thing["id"] in seen, "the newest item is not in a superuser's list")


def the_newest_items_come_first(cast: Cast) -> Steps:
    for word in WORDS:
        yield from item(cast.ada, f"{cast.tag}-{word}")
    yield from lists.newest_first("/items/", cast.ada.token, "items")


def items_are_sorted_by_what_is_asked_for(cast: Cast) -> Steps:
    yield from lists.sorted_by("title", "/items/", cast.ada.token, cast.tag)


def the_list_of_items_has_bounds(cast: Cast) -> Steps:
    yield from lists.bounded("/items/", cast.ada.token, "items")
    yield from lists.beyond("/items/", cast.ada.token, "items")


def both_spellings_list_the_items(cast: Cast) -> Steps:
    yield from lists.spelled_both_ways("/items/", cast.ada.token, "items")


def the_list_needs_a_token(cast: Cast) -> Steps:
    for path in ("/items/", "/items"):
        yield Probe(api("GET", path), UNAUTHORIZED)


def a_new_item_belongs_to_who_made_it(cast: Cast) -> Steps:
    for path in ("/items/", "/items"):
        body = {"title": "a thing", "description": "of use"}
        having = {**body, "owner_id": cast.ada.id}
        answer = yield Probe(
            api("POST", path, cast.ada.token, body), Expected(200, shape="item", having=having)
        )
        ask = api("GET", f"/items/{answer.field('id')}", cast.ada.token)
        yield Probe(ask, Expected(200, document=answer.document))


def a_new_item_has_a_title_and_nothing_unknown(cast: Cast) -> Steps:
    bodies: tuple[dict[str, Any], ...] = (
        {},
        {"title": ""},
        {"title": "x" * 256},
        {"title": "x", "colour": 1},
    )
    for body in bodies:
        yield Probe(api("POST", "/items/", cast.ada.token, body), INVALID)


def making_one_needs_a_token(cast: Cast) -> Steps:
    yield Probe(api("POST", "/items/", "", {"title": "x"}), UNAUTHORIZED)


def an_item_is_read_by_owner_and_superuser_alone(cast: Cast) -> Steps:
    path = yield from _path(cast)
    yield Probe(api("GET", path, cast.ada.token), Expected(200, shape="item"))
    yield Probe(api("GET", path, cast.bob.token), FORBIDDEN)
    yield Probe(api("GET", path), UNAUTHORIZED)
    yield Probe(api("GET", path, cast.chief.token), Expected(200, shape="item"))


def an_unknown_item_is_not_found(cast: Cast) -> Steps:
    yield Probe(api("GET", f"/items/{uuid.uuid4()}", cast.ada.token), MISSING)
    yield Probe(api("GET", "/items/1", cast.ada.token), INVALID)


def only_what_is_named_changes(cast: Cast) -> Steps:
    path = yield from _path(cast)
    for method in CHANGES:
        ask = api(method, path, cast.ada.token, {"description": method})
        yield Probe(ask, Expected(200, shape="item", having={"title": "a thing", "description": method}))
    ask = api("PATCH", path, cast.ada.token, {"description": None})
    yield Probe(ask, Expected(200, shape="item", having={"description": None}))


def another_users_item_is_not_changed(cast: Cast) -> Steps:
    path = yield from _path(cast)
    for method in CHANGES:
        yield Probe(api(method, path, cast.bob.token, {"title": "mine"}), FORBIDDEN)
        unknown = api(method, f"/items/{uuid.uuid4()}", cast.ada.token, {"title": "x"})
        yield Probe(unknown, MISSING)
    yield Probe(api("GET", path, cast.ada.token), Expected(200, having={"title": "a thing"}))


def a_superuser_changes_everybodys_items(cast: Cast) -> Steps:
    path = yield from _path(cast)
    ask = api("PATCH", path, cast.chief.token, {"title": "checked"})
    yield Probe(ask, Expected(200, shape="item", having={"title": "checked", "owner_id": cast.ada.id}))


def an_item_is_deleted_once(cast: Cast) -> Steps:
    path = yield from _path(cast)
    yield Probe(api("DELETE", path, cast.bob.token), FORBIDDEN)
    yield Probe(api("DELETE", path), UNAUTHORIZED)
    yield Probe(api("DELETE", path, cast.ada.token), said("Item deleted successfully"))
    for method in ("DELETE", "GET"):
        yield Probe(api(method, path, cast.ada.token), MISSING)


def a_superuser_deletes_everybodys_items(cast: Cast) -> Steps:
    path = yield from _path(cast)
    yield Probe(api("DELETE", path, cast.chief.token), said("Item deleted successfully"))


def _path(cast: Cast) -> Steps:
    thing = yield from item(cast.ada)
    return f"/items/{thing['id']}"


ROWS: Rows = {
    "GET /items": (
        somebody_elses_item_is_not_listed,
        a_superuser_sees_the_items_of_all,
        the_newest_items_come_first,
        items_are_sorted_by_what_is_asked_for,
        the_list_of_items_has_bounds,
        both_spellings_list_the_items,
        the_list_needs_a_token,
    ),
    "POST /items": (
        a_new_item_belongs_to_who_made_it,
        a_new_item_has_a_title_and_nothing_unknown,
        making_one_needs_a_token,
    ),
    "GET /items/{id}": (an_item_is_read_by_owner_and_superuser_alone, an_unknown_item_is_not_found),
    "PUT, PATCH /items/{id}": (
        only_what_is_named_changes,
        another_users_item_is_not_changed,
        a_superuser_changes_everybodys_items,
    ),
    "DELETE /items/{id}": (an_item_is_deleted_once, a_superuser_deletes_everybodys_items),
}
