"""The first superuser is who was named in time; a password that was made up is shown when `up` succeeds."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from platformctl.backends.secrets.protocol import PASSWORD
from platformctl.errors import ConfigError
from platformctl.events import Notice
from platformctl.operations import first_superuser
from services.common.settings import MissingSettings
from services.users import migrations
from services.users.settings import FirstSuperuserSettings
from tests.database import run
from tests.small import behave

NAMED = {"FIRST_SUPERUSER": "me@example.com", "FIRST_SUPERUSER_PASSWORD": "my own choice"}


def login(environment):
    return environment.run("secrets", "show-login", "--yes").data


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FIRST_SUPERUSER_PASSWORD", "short12", "7 characters"),
        ("FIRST_SUPERUSER_PASSWORD", "x" * 129, "129 characters"),
        ("FIRST_SUPERUSER_PASSWORD", "half a pair \udcff", "not UTF-8"),
        ("FIRST_SUPERUSER", "admin", "admin"),
        ("FIRST_SUPERUSER", "admin@host", "period"),
    ],
)
def test_a_value_that_no_superuser_can_have_is_refused_before_anything_is_touched(
    make_small, variable, value, words
):
    environment = make_small()
    refused = environment.run("up", **{variable: value})
    assert refused.code == 3
    error = refused.answer["error"]
    assert error["message"] == f"{variable} cannot be used"
    assert words in error["cause"]
    assert error["state"] == "Nothing was touched."
    assert not environment.state.exists()
    assert environment.run("up").data["password"]


@pytest.mark.parametrize(
    "email", ["me@example.com", "a..b@example.com", "a@b", "Ä@exämple.org", "@x.de", "a@b.c"]
)
@pytest.mark.parametrize("password", ["x" * 7, "x" * 8, "x" * 128, "x" * 129])
def test_a_value_is_refused_exactly_when_the_migration_would_refuse_it(environment, email, password):
    settings = FirstSuperuserSettings(first_superuser=email, first_superuser_password=SecretStr(password))

    def refuses(error, check):
        try:
            check()
        except error:
            return True
        return False

    here = refuses(
        ConfigError,
        lambda: first_superuser.named(
            environment(), {"FIRST_SUPERUSER": email, "FIRST_SUPERUSER_PASSWORD": password}
        ),
    )
    assert here == refuses(MissingSettings, lambda: migrations._checked(settings))


def test_who_is_named_after_a_failed_first_start_is_the_first_superuser(make_small):
    environment = make_small()
    behave(environment, "dies users")
    assert environment.run("up").code == 1
    behave(environment, "well")
    up = environment.run("up", **NAMED).data
    assert (up["login"], up["password"]) == ("me@example.com", None)
    assert login(environment)["password"] == NAMED["FIRST_SUPERUSER_PASSWORD"]


def test_a_name_that_comes_after_the_first_superuser_was_made_is_told_and_not_used(environment):
    ctx = environment()
    ctx.backends.secrets.put(PASSWORD, SecretStr("made up before"))
    run(ctx, "CREATE TABLE users.users (email text)")
    first_superuser.settle(ctx, first_superuser.named(ctx, NAMED))
    assert ctx.backends.secrets.get(PASSWORD).get_secret_value() == "made up before"
    (told,) = ctx.report.of(Notice)
    assert "exists already" in told.text


def test_a_password_is_shown_when_only_the_first_backup_had_failed(make_small, tmp_path):
    environment = make_small()
    (tmp_path / "file").write_text("where the backups' folder would be")
    assert environment.run("up", PLATFORMCTL__OBJECTS__DIRECTORY=str(tmp_path / "file" / "backups")).code == 1
    shown = environment.run("up").data["password"]
    assert shown == login(environment)["password"]
    assert environment.run("up").data["password"] is None


def test_a_named_superuser_does_not_matter_once_the_platform_came_up(make_small):
    environment = make_small()
    before = environment.run("up").data["password"]
    environment.run("down")
    again = environment.run("up", FIRST_SUPERUSER_PASSWORD="short")
    assert again.data["password"] is None
    assert login(environment)["password"] == before
