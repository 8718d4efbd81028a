"""Holes in what a token proves, of people and of services."""

from __future__ import annotations

from tests.holes.hole import holes_in

FORGED = "security/test_access_tokens.py::test_a_forgery_is_refused"
CLAIMS = "security/test_access_tokens.py::test_a_token_with_wrong_claims_is_refused"
HEADERS = "security/test_access_tokens.py::test_a_token_with_a_wrong_header_is_refused"
ONCE = "security/test_signed_once.py::"
INTERNAL = "security/test_internal_routes.py::"
ONLY_FOR = f"{INTERNAL}test_only_the_services_that_need_it_get_in"
SERVICE_CLAIMS = f"{INTERNAL}test_a_service_token_with_wrong_claims_is_refused"
ITEMS = "items/test_items.py::"
ANOTHERS = f"{ITEMS}test_anothers_item_is_refused_and_stays"
OWN = "users/test_own_account.py::"
ADMINISTRATION = "users/test_administration.py::"
REGISTRATION = "users/test_registration.py::"

ACCESS_TOKENS = holes_in(
    "common/access_tokens.py",
    (
        "the signature is not checked",
        "claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims",
        'claims = __import__("json").loads(jws.extract_compact(token.encode()).payload)',
        f"{FORGED}[another key]",
    ),
    (
        "a token of another type is good",
        ' or header.get("typ") != HEADER_TYPE:',
        ":",
        f"{HEADERS}[another type]",
    ),
    (
        "the audience is not checked",
        'aud={"essential": True, "value": AUDIENCE}',
        'aud={"essential": True}',
        f"{CLAIMS}[wrong audience]",
    ),
    (
        "the issuer is not checked",
        'iss={"essential": True, "value": ISSUER}',
        'iss={"essential": True}',
        f"{CLAIMS}[wrong issuer]",
    ),
    (
        "the kind is not checked",
        'typ={"essential": True, "value": KIND}',
        'typ={"essential": True}',
        f"{CLAIMS}[another kind]",
    ),
    ("the expiry is not checked", "leeway=CLOCK_SKEW_SECONDS", "leeway=10**9", f"{CLAIMS}[expired]"),
    (
        "a token seen before does not expire",
        'if claims["exp"] + CLOCK_SKEW_SECONDS > time.time() and self',
        "if self",
        f"{ONCE}test_a_token_is_refused_when_it_expires",
    ),
    (
        "a token seen before outlives its key",
        " and self.keys.current(key):",
        ":",
        f"{ONCE}test_a_token_whose_key_is_not_published_any_more_is_refused",
    ),
    (
        "what is revoked is not looked at",
        " or self.view.revoked(token_id, session_id):",
        ":",
        f"{ONCE}test_a_token_is_refused_when_it_is_revoked",
    ),
    (
        "a token of another generation is good",
        'if claims["gen"] != self.view.generation or self',
        "if self",
        f"{CLAIMS}[another generation]",
    ),
    (
        "a token from before the last password is good",
        "if version < change.epoch and token_id != change.spared:",
        "if False:",
        f"{OWN}test_a_password_change_ends_all_tokens_but_its_own[PATCH]",
    ),
    (
        "a role that was taken away counts until the token ends",
        "superuser = change.is_superuser",
        "superuser = superuser or change.is_superuser",
        f"{ADMINISTRATION}test_a_superuser_who_was_demoted_keeps_no_right_by_an_older_token",
    ),
    (
        "whoever is no superuser is taken for one",
        'claims.get("adm") is True',
        'claims.get("adm") is not True',
        f"{ANOTHERS}[GET-None]",
    ),
    (
        "revocations may be of any age",
        "if self.view.stale:",
        "if False:",
        "operation/test_failures.py::test_without_auth_tokens_are_honoured_for_five_seconds_only",
    ),
)

CALLERS = (
    *holes_in(
        "common/keys.py",
        (
            "an unknown key id finds some key",
            "return self._table.get(key_id)",
            "return self._table.get(key_id) or next(iter(self._table.values()), None)",
            f"{HEADERS}[unknown key]",
        ),
    ),
    *holes_in(
        "common/caller.py",
        (
            "a second Authorization is overlooked",
            "if len(sent) > 1 or scheme",
            "if scheme",
            "security/test_access_tokens.py::test_two_authorizations_in_one_request_are_refused",
        ),
        (
            "any scheme is taken for Bearer",
            ' or scheme.lower() != "bearer"',
            "",
            "security/test_abuse_of_tokens.py::test_an_authorization_that_is_no_bearer_is_refused",
        ),
        (
            "a bad token counts as none",
            "    return await _caller(request)\n",
            '    return await _caller(request) if "." not in request.headers["authorization"] else None\n',
            f"{REGISTRATION}test_a_bad_token_does_not_count_as_none",
        ),
        ("any service may call any other", "if name not in services:", "if False:", ONLY_FOR),
    ),
    *holes_in(
        "common/service_tokens.py",
        (
            "the signature of a service is not checked",
            "claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims",
            'claims = __import__("json").loads(jws.extract_compact(token.encode()).payload)',
            f"{INTERNAL}test_a_service_cannot_speak_for_another",
        ),
        (
            "the audience of a service's token is not checked",
            'aud={"essential": True, "value": AUDIENCE}',
            'aud={"essential": True}',
            SERVICE_CLAIMS,
        ),
        (
            "the issuer of a service's token is not checked",
            'if claims["iss"] != key.kid or claims',
            "if claims",
            SERVICE_CLAIMS,
        ),
        ("a service's token does not expire", "leeway=CLOCK_SKEW_SECONDS", "leeway=10**10", SERVICE_CLAIMS),
        (
            "a service's token lives as long as it says",
            ' or claims["exp"] - claims["iat"] > LIFETIME_SECONDS:',
            ":",
            SERVICE_CLAIMS,
        ),
    ),
    *holes_in(
        "users/internal_endpoints.py",
        ("items may ask for passwords", 'only_for("auth")', 'only_for("auth", "items")', ONLY_FOR),
    ),
    *holes_in(
        "items/endpoints.py",
        ("auth may purge items", 'only_for("users")', 'only_for("users", "auth")', ONLY_FOR),
    ),
    *holes_in(
        "auth/internal_endpoints.py",
        (
            "anybody may end sessions",
            ', dependencies=[Depends(only_for("users"))]',
            "",
            f"{INTERNAL}test_nobody_and_no_user_gets_in",
        ),
        (
            "users may use up allowances",
            'only_for("gateway")',
            'only_for("gateway", "users")',
            ONLY_FOR,
        ),
    ),
)
