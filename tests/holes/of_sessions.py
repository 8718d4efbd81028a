"""Holes in how sessions begin, go on and end."""

from __future__ import annotations

from tests.holes.hole import holes_in

INTERNAL = "security/test_internal_routes.py::"
LOGIN = "auth/test_login.py::"
SESSIONS = "auth/test_sessions.py::"
GUESSING = "auth/test_guessing.py::"
RECOVERY = "auth/test_recovery.py::"

SIGNING_IN = (
    *holes_in(
        "auth/service.py",
        (
            "a disabled account logs in",
            "        if not user.is_active:",
            "        if False:",
            f"{LOGIN}test_an_inactive_user_does_not_get_in_and_only_the_password_tells",
        ),
        (
            "a replayed refresh token harms no thief",
            "await self._end(known.family_id)\n        raise Unauthorized",
            "raise Unauthorized",
            f"{SESSIONS}test_a_replayed_refresh_token_ends_the_whole_family",
        ),
        (
            "a logout by access token ends nothing",
            "await self._end(uuid.UUID(caller.session_id), caller.token_id)",
            "pass",
            f"{SESSIONS}test_a_logout_ends_this_session_and_no_other[False]",
        ),
        (
            "a logout ends anybody's session",
            "if known and (caller is None or known.user_id == caller.id):",
            "if known:",
            f"{SESSIONS}test_a_logout_does_not_end_the_session_of_another_user",
        ),
        (
            "a logout leaves the access token",
            "await feed.revoke(connection, str(family), *token_ids)",
            "pass",
            f"{SESSIONS}test_a_logout_by_refresh_token_alone_ends_its_session",
        ),
    ),
    *holes_in(
        "auth/repository.py",
        (
            "a used refresh token is good",
            "            tokens.c.used_at.is_(None),\n",
            "",
            f"{SESSIONS}test_a_replayed_refresh_token_ends_the_whole_family",
        ),
        (
            "a refresh does not use its token up",
            "values(used_at=func.now())",
            "values(used_at=None)",
            f"{SESSIONS}test_of_many_refreshes_at_once_at_most_one_succeeds",
        ),
        (
            "a session that was ended refreshes",
            "            families.c.revoked_at.is_(None),\n",
            "",
            f"{SESSIONS}test_a_logout_by_refresh_token_alone_ends_its_session",
        ),
        (
            "a reset token never expires",
            "(reset_tokens.c.hash == digest, reset_tokens.c.expires_at > func.now())",
            "(reset_tokens.c.hash == digest,)",
            f"{RECOVERY}test_a_reset_token_dies_after_an_hour",
        ),
    ),
    *holes_in(
        "auth/opaque.py",
        (
            "tokens are kept as they are",
            "hashlib.sha256(token.encode()).digest()",
            "token.encode()",
            f"{RECOVERY}test_the_database_has_no_token_that_works",
        ),
    ),
    *holes_in(
        "auth/feed.py",
        (
            "old news of an account undo newer",
            '"epoch": func.greatest(new.epoch, old.epoch)',
            '"epoch": new.epoch',
            f"{INTERNAL}test_news_of_an_account_may_come_in_any_order",
        ),
        (
            "a revocation is forgotten before its token ends",
            "seconds=LIFETIME_SECONDS + 2 * CLOCK_SKEW_SECONDS",
            "seconds=60",
            f"{SESSIONS}test_an_ended_session_is_remembered_for_as_long_as_its_token_lives",
        ),
    ),
    *holes_in(
        "auth/signing.py",
        (
            "the signing key is published",
            "key.as_dict(private=False)",
            "key.as_dict(private=True)",
            f"{LOGIN}test_an_access_token_has_the_claims_of_its_contract",
        ),
    ),
    *holes_in(
        "auth/guessing.py",
        (
            "a guesser never waits",
            "literal(FIRST_WAIT)",
            "literal(timedelta(0))",
            f"{GUESSING}test_from_the_sixth_failure_on_a_guesser_waits[True-direct]",
        ),
        (
            "a guesser locks the owner out",
            "self._keyed(_account(email), client.encode())",
            "self._keyed(_account(email))",
            f"{GUESSING}test_nobody_locks_another_one_out",
        ),
        (
            "each spelling of an address has guesses of its own",
            "email = normalise_email(email)",
            "return email.encode()",
            f"{GUESSING}test_all_spellings_of_an_address_are_one_account",
        ),
    ),
    *holes_in(
        "auth/client.py",
        (
            "a guesser chooses its own address",
            '.rpartition(",")[2].strip()',
            '.partition(",")[0].strip()',
            f"{GUESSING}test_the_address_is_what_the_nearest_writer_says",
        ),
    ),
    *holes_in(
        "auth/recovery.py",
        (
            "anybody fills anybody's mailbox",
            ">= MAILS_AN_HOUR:",
            ">= 10**6:",
            f"{RECOVERY}test_nobody_gets_more_than_three_mails_an_hour",
        ),
        (
            "a recovery goes to whatever address was typed",
            "await self._deliver(user.email, token)",
            "await self._deliver(email, token)",
            f"{RECOVERY}test_a_recovery_goes_to_the_address_of_the_account_as_it_is_kept",
        ),
    ),
    *holes_in(
        "auth/endpoints.py",
        (
            "caches may keep tokens",
            '["Cache-Control"] = "no-store"',
            '["Cache-Control"] = "public"',
            f"{LOGIN}test_a_login_answers_with_tokens_that_no_cache_may_keep",
        ),
        (
            "an ingress takes everybody for a superuser",
            '"superuser" if user.is_superuser else "user"',
            '"superuser"',
            f"{LOGIN}test_an_ingress_learns_who_asks[GET]",
        ),
    ),
)
