"""Migrations only add, lock nothing for long, and end at what the models say."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event

from services.auth.models import metadata as auth
from services.common import migrate as migrations
from services.common.settings import DatabaseSettings
from services.items.models import metadata as items
from services.users.models import metadata as users
from tests.postgres import Postgres, TestDatabase

METADATA = {"auth": auth, "users": users, "items": items}
NAMES = pytest.mark.parametrize("name", METADATA)
TAKEN = ("CREATE", "ALTER", "DROP", "SET")
# Alembic's own table has a short text; a migration of a big table may take its time; counters stay small.
ACCEPTED = ("prefer-text-field", "require-statement-timeout", "prefer-bigint-over-int")


@pytest.fixture
def database(postgres: Postgres) -> TestDatabase:
    return postgres.create_database(f"expand_{secrets.token_hex(4)}")


def statements(database: TestDatabase, name: str) -> list[str]:
    """What all migrations of a service say to the database that changes its schema."""
    said: list[str] = []

    def keep(connection, cursor, statement, *_) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        asyncio.run(migrations.migrate(name, DatabaseSettings(database_url=database.url(name)), upgrade=True))
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    return [each for each in said if each.split()[0] in TAKEN]


def complaints(said: list[str], folder: Path) -> str:
    """What squawk, which knows what locks a table or breaks its present users, has against them."""
    file = folder / "migrations.sql"
    file.write_text(";\n".join(said) + ";\n")
    program = [str(Path(sys.executable).parent / "squawk"), "--assume-in-transaction", "--pg-version", "16.0"]
    program += [*(f"--exclude={rule}" for rule in ACCEPTED), "--reporter", "gcc", str(file)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert not done.stderr.strip(), done.stderr
    return done.stdout.strip()


@NAMES
def test_no_migration_locks_a_table_for_long_or_takes_away_what_is_used(
    database: TestDatabase, name: str, tmp_path: Path
) -> None:
    said = statements(database, name)
    assert len(said) >= 10
    assert complaints(said, tmp_path) == ""


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE items.items DROP COLUMN title", "ban-drop-column"),
        ("ALTER TABLE items.items RENAME COLUMN title TO name", "renaming-column"),
        ("ALTER TABLE items.items ALTER COLUMN description SET NOT NULL", "adding-not-nullable-field"),
        ("CREATE INDEX ON items.items (title)", "require-concurrent-index-creation"),
    ],
)
def test_a_harmful_migration_would_be_found(statement: str, rule: str, tmp_path: Path) -> None:
    assert rule in complaints(["SET LOCAL lock_timeout = '5s'", statement], tmp_path)


@NAMES
def test_migrations_end_at_the_models(postgres: Postgres, database: TestDatabase, name: str) -> None:
    statements(database, name)
    url = database.url(name).replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, connect_args={"options": "-csearch_path=public"})
    try:
        with engine.connect() as connection:
            options = {
                "version_table_schema": name,
                "include_schemas": True,
                "include_name": lambda text, kind, _: kind != "schema" or text == name,
                "include_object": lambda found, text, kind, *_: (
                    text not in ("alembic_version", "schema_state")
                ),
            }
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, METADATA[name]) == []
    finally:
        engine.dispose()
