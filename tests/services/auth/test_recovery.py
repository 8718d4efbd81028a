"""Recovering an account by mail."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from pydantic import SecretStr

from services.auth.mail import Mailer
from tests.services.mailbox import Mailbox
from tests.services.people import PASSWORD, Api, Person, fresh_email

NEW = "a password after recovery"
ASKED = {"message": "If that email is registered, we sent a password recovery link"}


async def ask(api: Api, email: str) -> None:
    answer = await api.anybody.post(f"/password-recovery/{email}")
    assert (answer.status_code, answer.json()) == (200, ASKED)


async def mailed_token(api: Api, mailbox: Mailbox, email: str) -> str:
    before = len(mailbox.to(email))
    await ask(api, email)
    mails = await asyncio.to_thread(mailbox.wait_for, email, before + 1)
    assert len(mails) == before + 1
    link = re.search(r"https://shop\.example/reset-password\?token=(\S+)", mails[-1].get_content())
    assert link
    return link[1]


async def reset(api: Api, token: str, password: str = NEW) -> tuple[int, dict]:
    answer = await api.anybody.post("/reset-password/", {"token": token, "new_password": password})
    return answer.status_code, answer.json()


async def test_a_recovery_for_nobody_is_answered_alike_and_mails_nobody(
    api: Api, user: Person, admin: Person, mailbox: Mailbox
) -> None:
    await admin.patch(f"/users/{user.id}", {"is_active": False})
    unknown = fresh_email()
    for email in (unknown, user.email, "no-address", "a%00b@example.com"):
        await ask(api, email)
    await asyncio.sleep(0.3)
    assert mailbox.to(unknown) == mailbox.to(user.email) == []


async def test_a_mail_reaches_an_address_beyond_ascii(api: Api, mailbox: Mailbox) -> None:
    user = await api.sign_up(f"é{fresh_email()}")
    token = await mailed_token(api, mailbox, user.email)
    assert (await reset(api, token))[0] == 200


async def test_a_recovery_goes_to_the_address_of_the_account_as_it_is_kept(
    api: Api, user: Person, mailbox: Mailbox
) -> None:
    """Two spellings of one account may be two mailboxes, and one of them somebody else's."""
    typed = user.email.upper()
    await ask(api, typed)
    assert len(await asyncio.to_thread(mailbox.wait_for, user.email)) == 1
    assert mailbox.to(typed) == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 512])
async def test_a_made_up_reset_token_is_refused(api: Api, token: str) -> None:
    assert await reset(api, token) == (400, {"detail": "Invalid token"})


async def test_an_access_or_refresh_token_is_no_reset_token(api: Api, user: Person) -> None:
    assert (await reset(api, user.refresh))[0] == 400
    assert (await reset(api, user.access))[0] in (400, 422)


async def test_a_short_new_password_is_refused_and_the_token_stays(
    api: Api, user: Person, mailbox: Mailbox
) -> None:
    token = await mailed_token(api, mailbox, user.email)
    assert (await reset(api, token, "short77"))[0] == 422
    assert (await reset(api, token))[0] == 200


async def test_a_reset_changes_the_password_and_ends_all_sessions(
    api: Api, user: Person, mailbox: Mailbox
) -> None:
    token = await mailed_token(api, mailbox, user.email)
    assert await reset(api, token) == (200, {"message": "Password updated successfully"})
    assert (await api.try_log_in(user.email, PASSWORD)).status_code == 400
    assert (await api.try_log_in(user.email, NEW)).status_code == 200
    await asyncio.sleep(1)
    assert (await user.get("/items/")).status_code == 401
    refused = await api.anybody.post("/login/refresh", {"refresh_token": user.refresh})
    assert refused.status_code == 401


async def test_a_reset_token_works_once(api: Api, user: Person, mailbox: Mailbox) -> None:
    token = await mailed_token(api, mailbox, user.email)
    answers = await asyncio.gather(*(reset(api, token, f"{NEW} {n}") for n in range(5)))
    assert sorted(status for status, _ in answers) == [200, 400, 400, 400, 400]
    assert await reset(api, token) == (400, {"detail": "Invalid token"})


async def test_a_reset_token_dies_with_any_password_change(api: Api, user: Person, mailbox: Mailbox) -> None:
    first = await mailed_token(api, mailbox, user.email)
    second = await mailed_token(api, mailbox, user.email)
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert (await user.patch("/users/me/password", change)).status_code == 200
    for token in (first, second):
        assert await reset(api, token, "yet another password") == (400, {"detail": "Invalid token"})


async def test_a_reset_token_dies_after_an_hour(api: Api, user: Person, mailbox: Mailbox) -> None:
    token = await mailed_token(api, mailbox, user.email)
    lifetime = f"SELECT expires_at - created_at FROM auth.reset_tokens WHERE user_id = '{user.id}'"
    assert api.platform.query(lifetime) == ["01:00:00"]
    api.platform.query(f"UPDATE auth.reset_tokens SET expires_at = now() WHERE user_id = '{user.id}'")
    assert await reset(api, token) == (400, {"detail": "Invalid token"})


async def test_nobody_gets_more_than_three_mails_an_hour(api: Api, user: Person, mailbox: Mailbox) -> None:
    for _ in range(6):
        await ask(api, user.email)
    await asyncio.to_thread(mailbox.wait_for, user.email, 3)
    await asyncio.sleep(0.3)
    assert len(mailbox.to(user.email)) == 3


async def test_the_database_has_no_token_that_works(api: Api, user: Person, mailbox: Mailbox) -> None:
    token = await mailed_token(api, mailbox, user.email)
    for table in ("reset_tokens", "refresh_tokens"):
        stored = "\n".join(api.platform.query(f"SELECT encode(hash, 'escape') FROM auth.{table}"))
        assert stored
        assert token not in stored
        assert user.refresh not in stored


async def test_an_address_gets_no_more_mails_when_its_account_is_made_again(
    api: Api, user: Person, mailbox: Mailbox
) -> None:
    for _ in range(3):
        await mailed_token(api, mailbox, user.email)
    assert (await user.delete("/users/me")).status_code == 200
    again = await api.sign_up(user.email)
    await ask(api, again.email)
    await asyncio.sleep(0.5)
    assert len(mailbox.to(user.email)) == 3
    # The count is of the address: another one of the same account has its own.
    moved = fresh_email()
    assert (await again.patch("/users/me", {"email": moved})).status_code == 200
    await mailed_token(api, mailbox, moved)


async def test_many_recoveries_at_once_mail_three(api: Api, user: Person, mailbox: Mailbox) -> None:
    await asyncio.gather(*(ask(api, user.email) for _ in range(20)))
    await asyncio.to_thread(mailbox.wait_for, user.email, 3)
    await asyncio.sleep(0.5)
    assert len(mailbox.to(user.email)) == 3


async def test_the_hour_of_the_three_mails_ends(api: Api, user: Person, mailbox: Mailbox) -> None:
    for _ in range(3):
        await mailed_token(api, mailbox, user.email)
    api.platform.query(
        "UPDATE auth.reset_tokens SET created_at = created_at - interval '1 hour'"
        f" WHERE user_id = '{user.id}'"
    )
    await mailed_token(api, mailbox, user.email)


async def test_a_recovery_takes_the_same_time_for_every_address(api: Api, user: Person) -> None:
    fastest = {user.email: 9.0, fresh_email(): 9.0, "no-address": 9.0}
    for _ in range(20):
        for email in fastest:
            began = time.perf_counter()
            await ask(api, email)
            fastest[email] = min(fastest[email], time.perf_counter() - began)
            # What the question caused is no part of its answer, but would slow down the next one.
            await asyncio.sleep(0.05)
    assert max(fastest.values()) < 2 * min(fastest.values()) + 0.002


async def test_a_mail_that_is_put_off_is_sent_a_little_later(
    api: Api, user: Person, mailbox: Mailbox
) -> None:
    mailbox.refusals[user.email] = ["451 greylisted"]
    token = await mailed_token(api, mailbox, user.email)
    assert (await reset(api, token))[0] == 200


async def test_a_mail_that_is_refused_is_not_tried_again(api: Api, user: Person, mailbox: Mailbox) -> None:
    mailbox.refusals[user.email] = ["550 nobody here"]
    await ask(api, user.email)
    await asyncio.sleep(1.5)
    assert mailbox.to(user.email) == []
    assert user.email not in api.platform.services["auth"].log.read_text()
    await mailed_token(api, mailbox, user.email)


async def test_a_mail_says_when_and_by_whom_it_was_made(api: Api, user: Person, mailbox: Mailbox) -> None:
    await mailed_token(api, mailbox, user.email)
    mail = mailbox.to(user.email)[0]
    assert (mail["From"], mail["Auto-Submitted"]) == ("us@example.com", "auto-generated")
    assert abs(mail["Date"].datetime.timestamp() - time.time()) < 60
    assert mail["Message-ID"].endswith("@example.com>")


async def test_the_mail_server_is_told_name_and_password(mailbox: Mailbox) -> None:
    url = mailbox.url.replace("//", "//us%40example.com:s%2Fesame@")
    to = fresh_email()
    await Mailer(SecretStr(url), "Us <us@example.com>", None).send_recovery(to, "a-token")
    assert mailbox.logins[-1] == ["us@example.com", "s/esame"]
    assert "Use this token: a-token" in mailbox.to(to)[0].get_content()


@pytest.mark.parametrize(("delay", "sent"), [(0.1, 1), (20.0, 0)], ids=["all of it", "what it can in time"])
async def test_a_process_that_ends_sends_what_it_has_promised(
    api: Api, mailbox: Mailbox, delay: float, sent: int
) -> None:
    """A mail server that is slow keeps no process from ending."""
    people = [await api.sign_up() for _ in range(4)]
    with api.platform.another("auth") as process:
        mailbox.delay = delay
        try:
            for person in people:
                await ask(api, person.email)
            await asyncio.to_thread(process.stop)
            assert [len(mailbox.to(person.email)) for person in people] == [sent] * 4
        finally:
            mailbox.delay = 0.0
