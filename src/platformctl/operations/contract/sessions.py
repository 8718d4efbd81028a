"""Promises about sessions: how they go on, end, and are asked about by an ingress."""

from __future__ import annotations

import base64
import json

from platformctl.diagnosis.answers import UNAUTHORIZED, Expected, refused, said
from platformctl.operations.contract.cast import Cast, Person
from platformctl.operations.contract.people import TOKENS, newcomer
from platformctl.operations.contract.steps import Claim, Probe, Rows, Steps, Wait
from platformctl.tools.http import Answer, Ask, api

SECOND = 1.0  # in which an end must have reached every service
REPLICAS = 4  # questions that find every replica of a service behind the gateway, most likely
ASKED = "If that email is registered, we sent a password recovery link"


def refresh(token: str, patient: bool = True) -> Ask:
    return api("POST", "/login/refresh", body={"refresh_token": token}, patient=patient)


def ended(*people: Person) -> Steps:
    """The access tokens of these are refused by every service, a second after they ended."""
    yield Wait(SECOND)
    out = refused(401)
    for person in people:
        for _ in range(REPLICAS):
            yield Probe(api("GET", "/items/", person.token), out)
            yield Probe(api("GET", "/users/me", person.token), out)
        yield Probe(api("POST", "/login/test-token", person.token), out)


def a_refresh_token_is_exchanged_for_a_new_pair(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "goer")
    answer = yield Probe(refresh(person.refresh), TOKENS)
    yield Claim(answer.field("refresh_token") != person.refresh, "the refresh token stayed the same")
    yield Probe(api("GET", "/users/me", answer.field("access_token")), Expected(200))


def a_refresh_token_that_nobody_gave_out_is_unauthorized(cast: Cast) -> Steps:
    yield Probe(refresh("nonsense"), UNAUTHORIZED)


def logging_out_ends_the_session_within_a_second(cast: Cast) -> Steps:
    person = yield from newcomer(cast, "leaver")
    ask = api("POST", "/login/logout", person.token, {"refresh_token": person.refresh})
    yield Probe(ask, Expected(200))
    yield Probe(refresh(person.refresh), UNAUTHORIZED)
    yield from ended(person)


def logging_out_needs_a_token(cast: Cast) -> Steps:
    yield Probe(api("POST", "/login/logout"), UNAUTHORIZED)


def recovery_answers_alike_whether_the_address_is_known_or_not(cast: Cast) -> Steps:
    for email in (cast.bob.email, cast.email("nobody")):
        yield Probe(api("POST", f"/password-recovery/{email}"), said(ASKED))


def an_invalid_reset_token_is_refused(cast: Cast) -> Steps:
    body = {"token": "nonsense", "new_password": cast.password}
    yield Probe(api("POST", "/reset-password/", body=body), refused(400, "Invalid token"))


def a_short_new_password_is_invalid(cast: Cast) -> Steps:
    body = {"token": "nonsense", "new_password": "short"}
    yield Probe(api("POST", "/reset-password/", body=body), Expected(422, shape="invalid"))


def an_ingress_is_told_who_asks(cast: Cast) -> Steps:
    for method in ("GET", "HEAD", "POST"):
        yield from _told(method, cast.ada, "user")


def an_ingress_is_told_who_is_a_superuser(cast: Cast) -> Steps:
    yield from _told("GET", cast.chief, "superuser")


def an_ingress_is_told_when_nobody_does(cast: Cast) -> Steps:
    for method in ("GET", "HEAD", "POST"):
        yield Probe(api(method, "/auth/verify"), UNAUTHORIZED)


def _told(method: str, person: Person, role: str) -> Steps:
    headers = {"X-User-Id": person.id, "X-User-Email": person.email, "X-User-Role": role}
    yield Probe(api(method, "/auth/verify", person.token), Expected(200, headers=headers))


def the_public_keys_are_published_without_their_private_part(cast: Cast) -> Steps:
    for path in ("/.well-known/jwks.json", "/api/v1/.well-known/jwks.json"):
        answer = yield Probe(Ask("GET", path), Expected(200))
        yield from _public(answer, cast.ada.token)


def _public(answer: Answer, token: str) -> Steps:
    keys = (answer.document or {}).get("keys") if isinstance(answer.document, dict) else None
    keys = [each for each in keys or () if isinstance(each, dict)]
    yield Claim(bool(keys), "no key is published")
    secret = sorted({part for each in keys for part in each.keys() & set("dpqk")})
    yield Claim(not secret, f"a published key has the private part {secret}")
    yield Claim(_key_id(token) in {each.get("kid") for each in keys}, "the key that signs is not published")


def _key_id(token: str) -> object:
    head = token.partition(".")[0]
    try:
        return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid")
    except (ValueError, AttributeError):
        return None


ROWS: Rows = {
    "POST /login/refresh": (
        a_refresh_token_is_exchanged_for_a_new_pair,
        a_refresh_token_that_nobody_gave_out_is_unauthorized,
    ),
    "POST /login/logout": (logging_out_ends_the_session_within_a_second, logging_out_needs_a_token),
    "POST /password-recovery/{email}": (recovery_answers_alike_whether_the_address_is_known_or_not,),
    "POST /reset-password": (an_invalid_reset_token_is_refused, a_short_new_password_is_invalid),
    "GET, HEAD, POST /auth/verify": (
        an_ingress_is_told_who_asks,
        an_ingress_is_told_who_is_a_superuser,
        an_ingress_is_told_when_nobody_does,
    ),
    "GET /.well-known/jwks.json": (the_public_keys_are_published_without_their_private_part,),
}
