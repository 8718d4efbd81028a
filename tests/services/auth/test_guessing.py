"""Guessing a password: waits that grow, for the guesser alone."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from services.auth import guessing
from services.common.database import Database
from services.common.settings import DatabaseSettings
from tests.services.people import BOTH_WAYS, PASSWORD, Api, Person, fresh_email

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.1"
WRONG = {"detail": "Incorrect email or password"}
WAIT = {"detail": "Too many failed logins, try again later"}


async def guess(api: Api, email: str, times: int, client: str = HERE) -> list[int]:
    return [(await api.try_log_in(email, "a guess", client)).status_code for _ in range(times)]


def let_waits_end(api: Api) -> None:
    api.platform.query("UPDATE auth.login_failures SET free_at = now()")


def let_waits_last(api: Api) -> None:
    """Those that there are; a busy machine may take more than a second for the next request."""
    statement = "UPDATE auth.login_failures SET free_at = now() + interval '1 minute' WHERE {}"
    api.platform.query(statement.format("free_at > failed_at"))


@pytest.fixture(autouse=True)
def begin_anew(api: Api) -> None:
    api.platform.query("DELETE FROM auth.login_failures")


@BOTH_WAYS
@pytest.mark.parametrize("known", [True, False])
async def test_from_the_sixth_failure_on_a_guesser_waits(api: Api, user: Person, known: bool) -> None:
    """Nothing tells an account that exists from one that does not."""
    email = user.email if known else fresh_email()
    for _ in range(6):
        answer = await api.try_log_in(email, "a guess", HERE)
        assert (answer.status_code, answer.json()) == (400, WRONG)
    let_waits_last(api)
    for password in ("a guess", PASSWORD):
        answer = await api.try_log_in(email, password, HERE)
        assert (answer.status_code, answer.json()) == (429, WAIT)
        assert 50 < int(answer.headers["retry-after"]) <= 60


@pytest.mark.parametrize("known", [True, False])
async def test_each_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(
    api: Api, user: Person, known: bool
) -> None:
    email, waits = user.email if known else fresh_email(), []
    await guess(api, email, 5)
    for _ in range(13):
        let_waits_end(api)
        assert await guess(api, email, 1) == [400]
        waits.append(int((await api.try_log_in(email, "a guess", HERE)).headers["retry-after"]))
    expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    # A second may have begun since.
    assert all(told in (wait, wait - 1) for told, wait in zip(waits, expected, strict=True)), waits


async def test_a_wait_ends_by_itself(api: Api, user: Person) -> None:
    await guess(api, user.email, 6)
    wait = "SELECT round(extract(epoch FROM free_at - failed_at), 2) FROM auth.login_failures"
    assert api.platform.query(wait) == ["1.00"]
    await asyncio.sleep(1)
    assert (await api.try_log_in(user.email, PASSWORD, HERE)).status_code == 200


async def test_a_guess_that_must_wait_costs_no_hash(api: Api, user: Person) -> None:
    began = time.perf_counter()
    await api.try_log_in(user.email, "a guess", HERE)
    hashed = time.perf_counter() - began
    await guess(api, user.email, 5)
    api.platform.query("UPDATE auth.login_failures SET free_at = now() + interval '1 minute'")
    fastest = hashed
    for _ in range(10):
        began = time.perf_counter()
        assert (await api.try_log_in(user.email, "a guess", HERE)).status_code == 429
        fastest = min(fastest, time.perf_counter() - began)
    assert fastest < hashed / 2


async def test_nobody_locks_another_one_out(api: Api, user: Person, other: Person) -> None:
    await guess(api, user.email, 6)
    let_waits_last(api)
    assert (await api.try_log_in(user.email, PASSWORD, ELSEWHERE)).status_code == 200
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 200
    assert (await api.try_log_in(other.email, PASSWORD, HERE)).status_code == 200
    # The owner's success elsewhere gives the guesser nothing.
    assert await guess(api, user.email, 1) == [429]


async def test_a_success_clears_the_count(api: Api, user: Person) -> None:
    for _ in range(2):
        assert await guess(api, user.email, 5) == [400] * 5
        assert (await api.try_log_in(user.email, PASSWORD, HERE)).status_code == 200
    assert api.platform.query("SELECT count(*) FROM auth.login_failures") == ["0"]


async def test_all_spellings_of_an_address_are_one_account(api: Api, user: Person) -> None:
    for spelling in (user.email.upper(), user.email.title(), f"{user.email}"):
        await guess(api, spelling, 2)
    let_waits_last(api)
    assert await guess(api, user.email, 1) == [429]


async def test_a_client_of_ipv6_is_its_whole_network(api: Api, user: Person) -> None:
    for number in range(6):
        await guess(api, user.email, 1, f"2001:db8:0:1::{number}")
    let_waits_last(api)
    assert await guess(api, user.email, 1, "2001:db8:0:1:ffff::1") == [429]
    assert await guess(api, user.email, 1, "2001:db8:0:2::1") == [400]
    await guess(api, user.email, 6, "::ffff:203.0.113.9")
    let_waits_last(api)
    assert await guess(api, user.email, 1, "203.0.113.9") == [429]


async def test_the_address_is_what_the_nearest_writer_says(api: Api, user: Person) -> None:
    for number in range(6):
        await guess(api, user.email, 1, f"10.0.0.{number}, {HERE}")
    let_waits_last(api)
    assert await guess(api, user.email, 1) == [429]
    # What is no address leaves the peer's own.
    for number in range(6):
        await guess(api, user.email, 1, f"client-{number}")
    let_waits_last(api)
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 429


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(api: Api, user: Person) -> None:
    answers = await asyncio.gather(*(api.try_log_in(user.email, f"guess {n}", HERE) for n in range(100)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {400, 429}
    # Six, and those that came after a wait of one second and one of two.
    assert 6 <= statuses.count(400) <= 8


async def test_of_many_guesses_after_a_wait_one_is_looked_at(api: Api, user: Person) -> None:
    await guess(api, user.email, 8)
    api.platform.query("UPDATE auth.login_failures SET free_at = now(), failures = 12")
    answers = await asyncio.gather(*(api.try_log_in(user.email, f"guess {n}", HERE) for n in range(50)))
    assert [answer.status_code for answer in answers].count(400) == 1


async def test_all_processes_count_together(api: Api, user: Person) -> None:
    with api.platform.another("auth"):
        assert await guess(api, user.email, 6) == [400] * 6
        let_waits_last(api)
    assert await guess(api, user.email, 1) == [429]


async def test_an_attempt_whose_password_nobody_looked_at_is_not_counted(api: Api, user: Person) -> None:
    await guess(api, user.email, 5)
    users = api.platform.services["users"]
    users.process.send_signal(signal.SIGSTOP)
    try:
        assert (await api.try_log_in(user.email, PASSWORD, HERE)).status_code == 503
    finally:
        users.process.send_signal(signal.SIGCONT)
    assert api.platform.query("SELECT failures FROM auth.login_failures") == ["5"]
    assert (await api.try_log_in(user.email, PASSWORD, HERE)).status_code == 200


async def test_what_is_kept_is_bounded_and_names_nobody(api: Api, user: Person) -> None:
    await guess(api, user.email, 1)
    kept = "\n".join(api.platform.query("SELECT encode(id, 'escape'), * FROM auth.login_failures"))
    assert user.email not in kept
    assert HERE not in kept
    columns = "decode(md5(n::text), 'hex'), 1, now(), now() - n * interval '1 second'"
    statement = "INSERT INTO auth.login_failures SELECT {} FROM generate_series({}) n"
    api.platform.query(statement.format(columns, "1, 10"))
    api.platform.query(statement.format(columns, "86401, 86410"))
    settings = DatabaseSettings(database_url=api.platform.database.url("auth"))
    database = Database(settings.database_url, "auth", 1)
    count = "SELECT count(*) FROM auth.login_failures"
    async with database.statements() as connection:
        await guessing.forget(connection)
        assert api.platform.query(count) == ["11"]
        columns = "decode(md5(n::text), 'hex'), 1, now(), now() - n * interval '1 millisecond'"
        api.platform.query(statement.format(columns, "1000, 101100"))
        await guessing.forget(connection)
        assert api.platform.query(count) == [f"{guessing.ROWS}"]
    await database.close()
