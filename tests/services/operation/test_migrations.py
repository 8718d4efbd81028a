"""Migrations: repeatable, one at a time, whole or not at all; and what readiness makes of versions."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from dataclasses import asdict

import pytest
from sqlalchemy.exc import ProgrammingError

from services.common import migrate as migrations
from services.common.schema_version import scripts
from services.common.settings import DatabaseSettings, MissingSettings, load
from tests.postgres import SERVICES, Postgres, TestDatabase
from tests.services.processes import ADMIN, Platform

# The revisions that this release carries, oldest first.
CARRIED = {name: sorted(each.revision for each in scripts(name).walk_revisions()) for name in SERVICES}
HEADS = {name: carried[-1] for name, carried in CARRIED.items()}
NAMES = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture
def database(postgres: Postgres) -> TestDatabase:
    return postgres.create_database(f"migrations_{secrets.token_hex(4)}")


def migrate(name: str, action: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "services.common.migrate", name, action]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def report(name: str, action: str, **environment: str) -> dict:
    """Without a process of its own, which would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        return asdict(asyncio.run(migrations.migrate(name, load(DatabaseSettings), action == "upgrade")))


def test_the_program_prints_one_document(database: TestDatabase) -> None:
    for action, before, applied in (("upgrade", None, CARRIED["auth"]), ("current", HEADS["auth"], [])):
        done = migrate("auth", action, DATABASE_URL=database.url("auth"))
        assert done.returncode == 0, done.stderr
        expected = {
            "service": "auth",
            "before": before,
            "current": HEADS["auth"],
            "head": HEADS["auth"],
            "applied": applied,
        }
        assert json.loads(done.stdout) == expected


def test_without_an_address_nothing_starts() -> None:
    done = migrate("items", "upgrade")
    assert done.returncode == 78
    assert json.loads(done.stderr)["missing"] == ["DATABASE_URL"]


def test_a_database_that_does_not_answer_is_said_without_its_password() -> None:
    done = migrate("items", "upgrade", DATABASE_URL="postgresql://items:sesame@127.0.0.1:1/x")
    assert done.returncode == 1
    assert "the schema is as it was before" in json.loads(done.stderr)["error"]
    assert "sesame" not in done.stderr + done.stdout


def test_a_schema_that_was_not_prepared_is_said_with_the_remedy(
    postgres: Postgres, database: TestDatabase
) -> None:
    postgres.query("DROP SCHEMA items", database.name)
    done = migrate("items", "upgrade", DATABASE_URL=database.url("items"))
    assert done.returncode == 1
    assert "CREATE SCHEMA items AUTHORIZATION items" in json.loads(done.stderr)["error"]


def test_a_migration_that_fails_leaves_nothing_behind(postgres: Postgres, database: TestDatabase) -> None:
    # The second table of the migration cannot be made.
    postgres.query("SET ROLE items; CREATE TABLE items.purged_owners (x int)", database.name)
    with pytest.raises(ProgrammingError):
        report("items", "upgrade", DATABASE_URL=database.url("items"))
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'items'"
    assert postgres.query(tables, database.name) == ["purged_owners"]
    postgres.query("DROP TABLE items.purged_owners", database.name)
    assert report("items", "upgrade", DATABASE_URL=database.url("items"))["applied"] == CARRIED["items"]


@NAMES
def test_a_second_run_changes_nothing(database: TestDatabase, name: str) -> None:
    url = database.url(name)
    fresh = {"service": name, "before": None, "current": None, "head": HEADS[name], "applied": []}
    assert report(name, "current", DATABASE_URL=url) == fresh
    first = fresh | {"current": HEADS[name], "applied": CARRIED[name]}
    assert report(name, "upgrade", DATABASE_URL=url) == first
    again = first | {"before": HEADS[name], "applied": []}
    assert report(name, "upgrade", DATABASE_URL=url) == again
    assert report(name, "current", DATABASE_URL=url) == again


async def test_of_migrations_at_once_one_applies(database: TestDatabase) -> None:
    settings = DatabaseSettings(database_url=database.url("users"))
    runs = await asyncio.gather(*(migrations.migrate("users", settings, upgrade=True) for _ in range(3)))
    assert sorted(run.applied for run in runs) == [[], [], CARRIED["users"]]


def test_a_newer_schema_is_left_alone_by_an_older_release(postgres: Postgres, database: TestDatabase) -> None:
    url = database.url("items")
    report("items", "upgrade", DATABASE_URL=url)
    postgres.query("UPDATE items.alembic_version SET version_num = '9999'", database.name)
    found = report("items", "upgrade", DATABASE_URL=url)
    assert found == found | {"before": "9999", "current": "9999", "head": HEADS["items"], "applied": []}


def test_the_first_superuser_is_made_once(postgres: Postgres, database: TestDatabase) -> None:
    url, who = database.url("users"), "SELECT email FROM users.users WHERE is_superuser AND is_active"
    first = {"FIRST_SUPERUSER": "Root@Example.com", "FIRST_SUPERUSER_PASSWORD": "long enough"}
    assert report("users", "upgrade", DATABASE_URL=url)["applied"] == CARRIED["users"]
    assert postgres.query(who, database.name) == []
    report("users", "upgrade", DATABASE_URL=url, **first)
    assert postgres.query(who, database.name) == ["root@example.com"]
    hashed = postgres.query("SELECT password_hash FROM users.users", database.name)
    report("users", "upgrade", DATABASE_URL=url, **first | {"FIRST_SUPERUSER_PASSWORD": "something else"})
    report("users", "upgrade", DATABASE_URL=url, **first | {"FIRST_SUPERUSER": "other@example.com"})
    assert postgres.query(who, database.name) == ["root@example.com"]
    assert postgres.query("SELECT password_hash FROM users.users", database.name) == hashed
    assert hashed[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"FIRST_SUPERUSER_PASSWORD": "short77"}, "FIRST_SUPERUSER_PASSWORD"),
        ({"FIRST_SUPERUSER": "root"}, "FIRST_SUPERUSER"),
        ({"FIRST_SUPERUSER_PASSWORD": ""}, "FIRST_SUPERUSER_PASSWORD"),
    ],
)
def test_a_wrong_first_superuser_stops_the_migration(database: TestDatabase, wrong: dict, word: str) -> None:
    first = {"FIRST_SUPERUSER": "root@example.com", "FIRST_SUPERUSER_PASSWORD": "long enough"} | wrong
    with pytest.raises(MissingSettings, match=word):
        report("users", "upgrade", DATABASE_URL=database.url("users"), **first)
    assert report("users", "current", DATABASE_URL=database.url("users"))["current"] is None


@NAMES
def test_every_migration_leaves_the_first_release_working(
    postgres: Postgres, database: TestDatabase, name: str
) -> None:
    report(name, "upgrade", DATABASE_URL=database.url(name))
    state = f"SELECT revision, oldest_compatible FROM {name}.schema_state"
    assert postgres.query(state, database.name) == [f"{HEADS[name]}|0001"]


@NAMES
def test_readiness_accepts_a_newer_schema_only_when_it_is_compatible(platform: Platform, name: str) -> None:
    service = platform.services[name]

    def state(revision: str, oldest: str) -> tuple[int, str]:
        platform.query(f"UPDATE {name}.schema_state SET revision='{revision}', oldest_compatible='{oldest}'")
        answer = service.control("/readyz")
        return answer.status_code, answer.json()["checks"]["migrations"]

    try:
        assert state("9999", "0001") == (200, "ok")
        status, sentence = state("9999", "9999")
        assert (status, "no longer works with releases before 9999" in sentence) == (503, True)
        status, sentence = state("0000", "0000")
        assert (status, "migrate it" in sentence) == (503, True)
    finally:
        assert state(HEADS[name], "0001") == (200, "ok")


@NAMES
def test_a_role_reaches_no_other_schema(postgres: Postgres, platform: Platform, name: str) -> None:
    for other in set(SERVICES) - {name}:
        statement = f"SELECT has_schema_privilege('{name}', '{other}', 'USAGE')"
        assert platform.query(statement) == ["f"]


def test_the_first_superuser_of_the_platform_can_log_in(platform: Platform) -> None:
    assert platform.query("SELECT email FROM users.users ORDER BY created_at LIMIT 1") == [ADMIN[0]]
