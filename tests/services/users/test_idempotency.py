"""Idempotency-Key on POST /users/ by a superuser."""

from __future__ import annotations

import asyncio
import hashlib
import json

import pytest

from tests.services.people import PASSWORD, Api, Person, fresh_email


def key_of(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def body_of(**fields: object) -> dict:
    return {"email": fresh_email(), "password": PASSWORD} | fields


@pytest.fixture
async def maker(api: Api) -> Person:
    return await api.superuser()


async def test_a_key_that_was_used_for_another_user_is_refused(maker: Person) -> None:
    body = body_of()
    assert (await maker.post("/users/", body, headers=key_of("k"))).status_code == 200
    for other in (body | {"password": PASSWORD + "x"}, body_of()):
        answer = await maker.post("/users/", other, headers=key_of("k"))
        assert answer.status_code == 422
        assert PASSWORD not in answer.text


async def test_a_known_address_is_refused_and_the_key_stays_free(maker: Person, user: Person) -> None:
    answer = await maker.post("/users/", body_of(email=user.email), headers=key_of("k"))
    assert answer.status_code == 400
    assert (await maker.post("/users/", body_of(), headers=key_of("k"))).status_code == 200


async def test_a_normal_user_and_nobody_have_no_use_for_a_key(api: Api, user: Person) -> None:
    body = body_of()
    assert (await user.post("/users/", body, headers=key_of("k"))).status_code == 403
    answers = [await api.anybody.post("/users/", body, headers=key_of("k")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]


async def test_the_first_answer_is_given_again_and_one_user_is_made(api: Api, maker: Person) -> None:
    body = body_of(is_superuser=True)
    answers = await asyncio.gather(*(maker.post("/users/", body, headers=key_of("k")) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    made = answers[0].json()
    assert (await api.log_in(body["email"], PASSWORD)).id == made["id"]
    # What the user has become since changes nothing about the first answer.
    await maker.patch(f"/users/{made['id']}", {"full_name": "Ada"})
    again = await maker.post("/users/", body, headers=key_of("k"))
    assert (again.json(), again.headers["etag"]) == (made, answers[0].headers["etag"])


async def test_a_password_cannot_be_guessed_from_what_is_kept(maker: Person) -> None:
    body = body_of()
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    assert (await maker.post("/users/", body, headers=key_of("k"))).status_code == 200
    kept = "\n".join(maker.api.platform.query("SELECT * FROM users.idempotent_answers"))
    for known in (PASSWORD, *(hashlib.new(name, content).hexdigest() for name in ("sha256", "sha1", "md5"))):
        assert known not in kept


async def test_the_answers_for_a_deleted_superuser_go_too(admin: Person, maker: Person) -> None:
    await maker.post("/users/", body_of(), headers=key_of("k"))
    assert (await admin.delete(f"/users/{maker.id}")).status_code == 200
    left = f"SELECT key FROM users.idempotent_answers WHERE caller_id = '{maker.id}'"
    assert maker.api.platform.query(left) == []
