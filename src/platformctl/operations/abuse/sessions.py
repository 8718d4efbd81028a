"""Sessions that were ended or stolen, and passwords that are guessed."""

from __future__ import annotations

from dataclasses import replace

from platformctl.diagnosis.answers import UNAUTHORIZED, Expected
from platformctl.operations.contract.administration import (
    a_deleted_user_is_gone_with_all_items,
    a_disabled_user_is_out_within_a_second,
)
from platformctl.operations.contract.cast import Cast, log_in
from platformctl.operations.contract.own_account import a_user_deletes_themselves_and_every_token_ends
from platformctl.operations.contract.people import TOKENS, newcomer, registered
from platformctl.operations.contract.sessions import (
    ended,
    logging_out_ends_the_session_within_a_second,
    recovery_answers_alike_whether_the_address_is_known_or_not,
    refresh,
)
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps, Together, Unsure, Wait
from platformctl.tools.http import Answer, Ask

CROWD = 100
GUESSES = 10
DELAY = 0.5  # seconds by which a guess is answered later, when it is slowed down instead of refused


def a_replayed_refresh_token_ends_the_session(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "robbed")
    answer = yield Probe(refresh(person.refresh), TOKENS)
    yield Probe(refresh(person.refresh), UNAUTHORIZED)
    yield Probe(refresh(answer.field("refresh_token")), UNAUTHORIZED)
    yield from ended(person)


def of_many_at_once_one_wins_and_then_the_session_ends(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "mobbed")
    asks = [refresh(person.refresh, patient=False) for _ in range(CROWD)]
    answers = yield Together(asks, Expected((200, 401, 429)))
    won = [each for each in answers if each.status == 200]
    yield Claim(len(won) <= 1, f"{len(won)} of {CROWD} got new tokens for one refresh token")
    if not any(each.status == 401 for each in answers):
        yield Unsure("the gateway's limit let no second one through")
        return
    if won:
        yield Probe(refresh(won[0].field("refresh_token")), UNAUTHORIZED)
    yield from ended(person)


def guesses_are_slowed_down_from_the_sixth_on(cast: Cast) -> Steps:
    victim = yield from registered(cast, "guessed")
    first = yield from _guess(victim.login("not the password"))
    for _ in range(GUESSES - 1):
        answer = yield from _guess(victim.login("not the password"))
        if answer.status == 429:
            yield Claim(
                answer.header("retry-after") is not None, "a slowed guess is not told when to come again"
            )
            return
        if answer.seconds > first.seconds + DELAY:
            return
    yield Claim(False, f"{GUESSES} wrong passwords for one account were answered without a delay")


def _guess(ask: Ask) -> Steps:
    """What the account's service answers: the gateway's own limit, which names X-Retry-In, is waited for."""
    answer = Answer(0)
    for _ in range(5):
        answer = yield Probe(replace(ask, patient=False), Expected((400, 429)))
        if answer.status != 429 or answer.header("x-retry-in") is None:
            break
        yield Wait(1)
    return answer


def an_unknown_address_costs_the_same_time(cast: Cast) -> Steps:
    person = yield from registered(cast, "timed")
    nobody = cast.email("nobody")
    known, unknown = [], []
    for _ in range(5):  # the sixth failure would have to wait
        for email, seconds in ((person.email, known), (nobody, unknown)):
            answer = yield Probe(log_in(email, "not the password"), Expected(400))
            seconds.append(answer.seconds)
    one, other = min(known), min(unknown)  # whatever else the machine does only adds to a time
    alike = other > one / 2 or one - other < 0.01
    yield Claim(alike, f"a known address takes {one * 1000:.0f} ms, an unknown one {other * 1000:.0f} ms")


ROWS: Rows = {
    "token: of a deleted user": (
        a_user_deletes_themselves_and_every_token_ends,
        a_deleted_user_is_gone_with_all_items,
    ),
    "token: of a disabled user": (a_disabled_user_is_out_within_a_second,),
    "token: of a session that was ended": (logging_out_ends_the_session_within_a_second,),
    "refresh token: replayed": (a_replayed_refresh_token_ends_the_session,),
    "refresh token: used by 100 at once": (of_many_at_once_one_wins_and_then_the_session_ends,),
    "accounts: found by time or words": (
        an_unknown_address_costs_the_same_time,
        recovery_answers_alike_whether_the_address_is_known_or_not,
    ),
    "passwords: guessed": (guesses_are_slowed_down_from_the_sixth_on,),
}
