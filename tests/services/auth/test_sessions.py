"""Refreshing and ending sessions."""

from __future__ import annotations

import asyncio
import json

import pytest
from joserfc import jws

from services.common.access_tokens import CLOCK_SKEW_SECONDS
from tests.services.people import BOTH_WAYS, Api, Person


async def refreshed(api: Api, token: str) -> Person:
    answer = await api.anybody.post("/login/refresh", {"refresh_token": token})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return Person(api, access=answer.json()["access_token"], refresh=answer.json()["refresh_token"])


async def assert_dead(api: Api, *persons: Person) -> None:
    """Neither token is honoured, by any service, one second later at the latest."""
    await asyncio.sleep(1)
    for person in persons:
        for path in ("/users/me", "/items/", "/auth/verify"):
            assert (await person.get(path)).status_code == 401, path
        refused = await api.anybody.post("/login/refresh", {"refresh_token": person.refresh})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", "x", "x" * 512, "a.b.c", "\x00"])
async def test_a_made_up_refresh_token_is_refused(api: Api, token: str) -> None:
    answer = await api.anybody.post("/login/refresh", {"refresh_token": token})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Could not validate credentials"})


@pytest.mark.parametrize(
    "body", [{}, {"refresh_token": None}, {"refresh_token": "x" * 513}, {"refresh_token": "x", "sub": "y"}]
)
async def test_a_wrong_refresh_is_refused(api: Api, body: dict) -> None:
    assert (await api.anybody.post("/login/refresh", body)).status_code == 422


async def test_an_access_token_does_not_refresh(api: Api, user: Person) -> None:
    answer = await api.anybody.post("/login/refresh", {"refresh_token": user.access})
    assert answer.status_code in (401, 422)


@BOTH_WAYS
async def test_a_refresh_token_is_no_access_token(user: Person) -> None:
    user.access = user.refresh
    for path in ("/users/me", "/items/", "/auth/verify"):
        assert (await user.get(path)).status_code == 401


async def test_a_session_goes_on(api: Api, user: Person) -> None:
    second = await refreshed(api, user.refresh)
    third = await refreshed(api, second.refresh)
    assert len({user.refresh, second.refresh, third.refresh}) == 3
    for each in (user, second, third):
        assert (await each.get("/users/me")).json()["id"] == user.id


@BOTH_WAYS
async def test_a_replayed_refresh_token_ends_the_whole_family(api: Api, user: Person) -> None:
    elsewhere = await user.again()
    second = await refreshed(api, user.refresh)
    replay = await api.anybody.post("/login/refresh", {"refresh_token": user.refresh})
    assert replay.status_code == 401
    await assert_dead(api, second, user)
    assert (await elsewhere.get("/items/")).status_code == 200
    await refreshed(api, elsewhere.refresh)


async def test_of_many_refreshes_at_once_at_most_one_succeeds(api: Api, user: Person) -> None:
    body = {"refresh_token": user.refresh}
    answers = await asyncio.gather(*(api.anybody.post("/login/refresh", body) for _ in range(30)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1
    assert statuses.count(401) == 29
    tokens = next(answer.json() for answer in answers if answer.status_code == 200)
    await assert_dead(api, Person(api, access=tokens["access_token"], refresh=tokens["refresh_token"]))


async def test_a_refresh_takes_over_a_new_role(api: Api, admin: Person, user: Person) -> None:
    theirs = await (await api.sign_up()).add_item()
    await admin.patch(f"/users/{user.id}", {"is_superuser": True})
    promoted = await refreshed(api, user.refresh)
    assert (await promoted.get(f"/items/{theirs['id']}")).status_code == 200


@pytest.mark.parametrize("end", ["disable", "delete"])
async def test_the_sessions_of_a_user_who_is_gone_are_over(
    api: Api, admin: Person, user: Person, end: str
) -> None:
    path = f"/users/{user.id}"
    answer = await (admin.delete(path) if end == "delete" else admin.patch(path, {"is_active": False}))
    assert answer.status_code == 200
    assert (await user.get("/users/me")).status_code == 401
    await assert_dead(api, user)


async def test_a_user_who_was_disabled_signs_in_again_once_enabled(
    api: Api, admin: Person, user: Person
) -> None:
    await admin.patch(f"/users/{user.id}", {"is_active": False})
    await admin.patch(f"/users/{user.id}", {"is_active": True})
    await assert_dead(api, user)
    assert (await (await user.again()).get("/items/")).status_code == 200


@pytest.mark.parametrize("with_refresh", [True, False])
async def test_a_logout_ends_this_session_and_no_other(api: Api, user: Person, with_refresh: bool) -> None:
    elsewhere = await user.again()
    body = {"refresh_token": user.refresh} if with_refresh else None
    answer = await user.post("/login/logout", body)
    assert (answer.status_code, answer.json()) == (200, {"message": "Logged out successfully"})
    assert (await user.post("/login/test-token")).status_code == 401
    await assert_dead(api, user)
    assert (await elsewhere.get("/items/")).status_code == 200


async def test_a_logout_by_refresh_token_alone_ends_its_session(api: Api, user: Person) -> None:
    answer = await api.anybody.post("/login/logout", {"refresh_token": user.refresh})
    assert answer.status_code == 200
    await assert_dead(api, user)


async def test_an_ended_session_is_remembered_for_as_long_as_its_token_lives(api: Api, user: Person) -> None:
    claims = json.loads(jws.extract_compact(user.access.encode()).payload)
    assert (await user.post("/login/logout")).status_code == 200
    remembered = "SELECT extract(epoch FROM expires_at)::bigint FROM auth.revoked_ids WHERE id = '{}'"
    for revoked in (claims["jti"], claims["sid"]):
        assert int(api.platform.query(remembered.format(revoked))[0]) > claims["exp"] + CLOCK_SKEW_SECONDS


async def test_a_logout_needs_something_to_end(api: Api, user: Person) -> None:
    assert (await api.anybody.post("/login/logout")).status_code == 401
    assert (await api.anybody.post("/login/logout", {"refresh_token": "x"})).status_code == 401
    forged = Person(api, access="x.y.z")
    assert (await forged.post("/login/logout", {"refresh_token": user.refresh})).status_code == 401
    assert (await user.get("/users/me")).status_code == 200


async def test_a_logout_does_not_end_the_session_of_another_user(user: Person, other: Person) -> None:
    answer = await user.post("/login/logout", {"refresh_token": other.refresh})
    assert answer.status_code == 200
    await refreshed(other.api, other.refresh)
    assert (await other.get("/items/")).status_code == 200


async def test_all_sessions_end_at_once_by_one_statement(api: Api, user: Person) -> None:
    elsewhere = await api.sign_up()
    api.platform.query("SELECT auth.end_all_sessions()")
    again = await user.again()
    assert (await again.get("/items/")).status_code == 200
    await assert_dead(api, user, elsewhere)
