"""Holes in who may do what with items and accounts."""

from __future__ import annotations

from tests.holes.hole import holes_in

INTERNAL = "security/test_internal_routes.py::"
LOGIN = "auth/test_login.py::"
SESSIONS = "auth/test_sessions.py::"
RECOVERY = "auth/test_recovery.py::"
ITEMS = "items/test_items.py::"
ANOTHERS = f"{ITEMS}test_anothers_item_is_refused_and_stays"
OWN = "users/test_own_account.py::"
ADMINISTRATION = "users/test_administration.py::"
REGISTRATION = "users/test_registration.py::"
ASSIGNED = f"{REGISTRATION}test_a_registration_cannot_assign_more_than_it_may"

RESOURCES = (
    *holes_in(
        "items/service.py",
        (
            "anybody reads an item",
            "if not caller.is_superuser and found.owner_id != caller.id:",
            "if False:",
            f"{ANOTHERS}[GET-None]",
        ),
        (
            "anybody lists all items",
            "self._database.driver, wanted, sorting, _limit_to(caller)",
            "self._database.driver, wanted, sorting, None",
            f"{ITEMS}test_a_list_has_ones_own_items_newest_first",
        ),
        (
            "anybody changes an item",
            "wanted = Wanted(item, _limit_to(caller), conditions)",
            "wanted = Wanted(item, None, conditions)",
            f"{ANOTHERS}[PATCH-body2]",
        ),
        (
            "a change of nothing shows anybody an item",
            "            found = await self.read(caller, item)",
            "            found = await self._database.driver.one(repository.BY_ID, item=item)",
            f"{ITEMS}test_a_change_of_nothing_does_not_show_anothers_item",
        ),
        (
            "anybody deletes an item",
            "Wanted(item, _limit_to(caller), conditions))",
            "Wanted(item, None, conditions))",
            f"{ANOTHERS}[DELETE-None]",
        ),
        (
            "only superusers are held to their own items",
            "return None if caller.is_superuser else caller.id",
            "return caller.id if caller.is_superuser else None",
            f"{ANOTHERS}[DELETE-None]",
        ),
    ),
    *holes_in(
        "items/repository.py",
        (
            "a deleted user goes on adding items",
            "row.where(~purged)",
            "row",
            f"{INTERNAL}test_purging_twice_is_the_same_as_once",
        ),
    ),
    *holes_in(
        "users/current.py",
        (
            "everybody passes for a superuser",
            "if not user.is_superuser:",
            "if False:",
            f"{ADMINISTRATION}test_a_normal_user_sees_no_list",
        ),
        (
            "the check for a superuser is inverted",
            "if not user.is_superuser:",
            "if user.is_superuser:",
            f"{ADMINISTRATION}test_a_normal_user_sees_no_list",
        ),
    ),
    *holes_in(
        "users/endpoints.py",
        (
            "anybody reads an account",
            "if not user.is_superuser:",
            "if False:",
            f"{ADMINISTRATION}test_a_normal_user_learns_nothing_about_others[GET-True]",
        ),
        (
            "anybody changes an account",
            "_: Superuser, changes: UserChanges",
            "_: CurrentUser, changes: UserChanges",
            f"{ADMINISTRATION}test_a_normal_user_may_not_even_with_the_own_id[PATCH]",
        ),
        (
            "anybody deletes an account",
            "user_id: uuid.UUID, user: Superuser",
            "user_id: uuid.UUID, user: CurrentUser",
            f"{ADMINISTRATION}test_a_normal_user_learns_nothing_about_others[DELETE-False]",
        ),
        (
            "anybody with a token makes superusers",
            "if not (await active_user(request, caller)).is_superuser:",
            "if not await active_user(request, caller):",
            f"{REGISTRATION}test_a_normal_user_makes_no_users",
        ),
        (
            "a registration may name its own rights",
            "if field in new.model_fields_set:",
            "if False:",
            f"{ASSIGNED}[is_superuser-/users/]",
        ),
        (
            "everybody may give themselves rights",
            "changes: OwnChanges",
            "changes: UserChanges",
            f"{OWN}test_a_wrong_change_is_refused",
        ),
        (
            "a superuser may delete itself",
            "    if user.is_superuser:",
            "    if False:",
            f"{OWN}test_a_superuser_cannot_delete_itself",
        ),
    ),
    *holes_in(
        "users/app.py",
        (
            "accounts without a registration are always offered",
            "if settings.private_users:",
            "if True:",
            f"{REGISTRATION}test_a_service_that_was_not_asked_to_has_no_private_registration",
        ),
    ),
)

ACCOUNTS = (
    *holes_in(
        "users/service.py",
        (
            "the last superuser can be taken away",
            "if before.is_superuser and before.is_active and not",
            "if False and not",
            f"{ADMINISTRATION}test_the_last_superuser_cannot_be_taken_away",
        ),
        (
            "any password lets in",
            "if user is None or not verdict.matches:",
            "if user is None:",
            f"{LOGIN}test_a_wrong_password_is_refused[not the password]",
        ),
        (
            "an unknown address costs no hash",
            "user.password_hash if user else None)",
            'user.password_hash) if user else __import__("types").SimpleNamespace(matches=False)',
            f"{LOGIN}test_an_unknown_address_costs_as_much_as_a_wrong_password",
        ),
        (
            "a new password needs no current one",
            "if not (await self._passwords.check(current, user.password_hash)).matches:",
            "if False:",
            f"{OWN}test_a_wrong_current_password_changes_nothing[PATCH]",
        ),
        (
            "a password is kept as it is",
            'values["password_hash"] = await self._passwords.hash(new.password)',
            'values["password_hash"] = new.password.get_secret_value()',
            f"{REGISTRATION}test_what_is_kept_of_a_password_is_an_expensive_hash",
        ),
        (
            "a new password ends no session",
            'values["epoch"] = before.version + 1',
            'values["epoch"] = before.epoch',
            f"{OWN}test_a_password_change_ends_all_tokens_but_its_own[PATCH]",
        ),
        (
            "disabling an account ends no session",
            'ends_sessions = "password_hash" in values or disabled',
            'ends_sessions = "password_hash" in values',
            f"{SESSIONS}test_the_sessions_of_a_user_who_is_gone_are_over[disable]",
        ),
        (
            "nobody hears of a deleted account",
            "self._outbox.add(connection, [account, purge])",
            "self._outbox.add(connection, [purge])",
            f"{SESSIONS}test_the_sessions_of_a_user_who_is_gone_are_over[delete]",
        ),
        (
            "a reset token works again, after any change",
            " and user.is_active and user.epoch <= version",
            " and user.is_active",
            f"{RECOVERY}test_a_reset_token_dies_with_any_password_change",
        ),
    ),
    *holes_in(
        "users/passwords.py",
        (
            "a hash costs a guesser nothing",
            "PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)",
            "PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)",
            f"{REGISTRATION}test_what_is_kept_of_a_password_is_an_expensive_hash",
        ),
    ),
    *holes_in(
        "common/fields.py",
        (
            "a body may have any fields",
            'ConfigDict(extra="forbid")',
            'ConfigDict(extra="ignore")',
            f"{ASSIGNED}[id-/users/signup]",
        ),
    ),
    *holes_in(
        "common/errors.py",
        (
            "a refusal repeats what was sent",
            '"msg": each["msg"]}',
            '"msg": each["msg"], "input": str(each.get("input"))}',
            f"{OWN}test_a_wrong_password_change_is_refused_without_echo",
        ),
    ),
)
