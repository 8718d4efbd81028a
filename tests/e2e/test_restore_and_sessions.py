"""What was revoked, rotated or ended after a backup stays so when the backup is restored."""

from __future__ import annotations

import time
import urllib.error
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from tests.e2e.life import PASSWORD, PATIENT, PEOPLE, SURE, Api, Life
from tests.environment import Environment
from tests.support import context

ROTATED = "n3w-and-long-enough"

pytestmark = pytest.mark.timeout(600)


def status(call: Any, *arguments: Any) -> int:
    try:
        call(*arguments)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_no_token_of_before_is_good_again(life: Life) -> None:
    """Ada signs out and Bob's tokens are used up after the backup; in its data both sessions are alive."""
    ada, bob = (Api(life.environment, email, PASSWORD) for email in PEOPLE[:2])
    life.environment.run("backup", "create")
    ada.call("POST", "/login/logout")
    deadline = time.monotonic() + 10
    while status(ada.call, "GET", "/users/me") != 401:  # the services hear of it within seconds
        assert time.monotonic() < deadline
        time.sleep(0.1)
    newer = bob.call("POST", "/login/refresh", {"refresh_token": bob.refresh})
    assert life.environment.run("restore", *SURE).code == 0
    for each in (ada, bob):
        assert status(each.call, "GET", "/users/me") == 401
    for token in (ada.refresh, bob.refresh, newer["refresh_token"]):
        assert status(bob.call, "POST", "/login/refresh", {"refresh_token": token}) == 401
    assert Api(life.environment, PEOPLE[0], PASSWORD).call("GET", "/users/me")["email"] == PEOPLE[0]
    # and an undo does not bring back what was alive before it either
    again = Api(life.environment, PEOPLE[1], PASSWORD)
    assert life.environment.run("restore", "--undo", *SURE).code == 0
    assert status(again.call, "GET", "/users/me") == 401
    assert status(again.call, "POST", "/login/refresh", {"refresh_token": again.refresh}) == 401


def test_a_password_that_was_rotated_after_the_backup_stays_rotated(life: Life) -> None:
    former = life.database.url("items")
    life.environment.run("backup", "create")
    context().backends.secrets.put("items/DATABASE_PASSWORD", SecretStr(ROTATED))
    for verb in ("down", "up"):
        assert life.environment.run(verb).code == 0
    assert life.environment.run("restore", *SURE).code == 0
    with psycopg.connect(life.database.url("items")) as connection:
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (30,)
    assert ROTATED in life.database.url("items")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(former).close()
    assert life.environment.run("health").code == 0


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, compatible_from = "{revision}", "{before}", "0001"


def upgrade() -> None:
    op.add_column("items", sa.Column("{column}", sa.Text), schema="items")
"""


def test_a_backup_older_than_three_migrations_comes_up_on_the_code_of_today(make_environment: Any) -> None:
    environment: Environment = make_environment(editable=True, **PATIENT)
    assert environment.run("up").code == 0
    old = environment.run("backup", "create").data["id"]
    versions = environment.services / "services/items/migrations/versions"
    before = max(each.name for each in versions.glob("[0-9]*.py"))[:4]
    for revision in ("9997", "9998", "9999"):
        text = NEXT.format(revision=revision, before=before, column=f"note_{revision}")
        (versions / f"{revision}_note.py").write_text(text)
        before = revision
    assert len(environment.run("deploy").data["migrations"]) == 3
    ended = environment.run("restore", old, *SURE)
    assert ended.code == 0, ended.err
    assert "items 9997, items 9998, items 9999" in ended.err
    assert environment.run("health").code == 0
    assert environment.run("verify").code == 0
