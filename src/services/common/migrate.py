"""`python -m services.common.migrate NAME upgrade|current`: bring one service's schema up to this release."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
from dataclasses import asdict, dataclass, field

from alembic import command, context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from services.common import database
from services.common.schema_version import alembic_config, scripts
from services.common.settings import DatabaseSettings, MissingSettings, load

SERVICES = ("auth", "users", "items")
VERSION_TABLE = "alembic_version"
EX_CONFIG = 78
# The second one is known to newer servers only.
UNLIMITED = (
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('statement_timeout', 'transaction_timeout')"
)


@dataclass
class Report:
    service: str
    before: str | None
    current: str | None
    head: str
    applied: list[str] = field(default_factory=list)


class NotPrepared(Exception):
    """The database exists but lacks what its administrator makes beforehand."""


def run_in_alembic(metadata: MetaData) -> None:
    """The body of every env.py: use the connection, and so the transaction, that `migrate` opened."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        version_table_schema=attributes["service"],
        include_schemas=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate(service: str, settings: DatabaseSettings, upgrade: bool) -> Report:
    """Everything happens in one transaction: a failure leaves the schema as it was."""
    engine = database.engine(settings.database_url, service, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await _refuse_unprepared(connection, service)
            # Migrations that run at once take turns; the lock ends with the transaction.
            await connection.execute(text(UNLIMITED))
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                {"name": f"migrate {service}"},
            )
            report = await connection.run_sync(_report, service)
            if upgrade:
                # Waiting longer for a table would make every request behind us wait as well.
                await connection.execute(text("SET LOCAL lock_timeout = '5s'"))
                await connection.run_sync(_upgrade, report)
                await _after_upgrade(connection, service)
            return report
    finally:
        await engine.dispose()


async def _refuse_unprepared(connection: AsyncConnection, service: str) -> None:
    found = await connection.scalar(
        text("SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = :name"),
        {"name": service},
    )
    if not found:
        what = "is missing" if found is None else "belongs to another role"
        raise NotPrepared(
            f"schema {service} {what}; nothing was changed;"
            f" as the database's superuser: CREATE SCHEMA {service} AUTHORIZATION {service}"
        )


def _report(connection: Connection, service: str) -> Report:
    options = {"version_table": VERSION_TABLE, "version_table_schema": service}
    before = MigrationContext.configure(connection, opts=options).get_current_revision()
    return Report(service, before, before, scripts(service).get_current_head())


def _upgrade(connection: Connection, report: Report) -> None:
    if report.before is not None and report.before >= report.head:
        # At the head, or beyond it: an older release finds a newer schema and leaves it alone.
        return
    config = alembic_config(report.service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    carried = list(scripts(report.service).walk_revisions())
    report.applied = sorted(
        r.revision for r in carried if report.before is None or r.revision > report.before
    )
    report.current = report.head
    _record(connection, report, max(revision.module.compatible_from for revision in carried))


def _record(connection: Connection, report: Report, oldest_compatible: str) -> None:
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS schema_state ("
            "only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),"
            "revision text NOT NULL, oldest_compatible text NOT NULL)"
        )
    )
    connection.execute(
        text(
            "INSERT INTO schema_state (revision, oldest_compatible) VALUES (:revision, :oldest)"
            " ON CONFLICT (only_row) DO UPDATE SET revision = :revision, oldest_compatible = :oldest"
        ),
        {"revision": report.head, "oldest": oldest_compatible},
    )


async def _after_upgrade(connection: AsyncConnection, service: str) -> None:
    """A service may have data to begin with: `after_upgrade` in its migrations package."""
    package = importlib.import_module(f"services.{service}.migrations")
    if hook := getattr(package, "after_upgrade", None):
        await hook(connection)


def main() -> int:
    parser = argparse.ArgumentParser(prog="services.common.migrate")
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("action", choices=("upgrade", "current"))
    chosen = parser.parse_args()
    try:
        settings = load(DatabaseSettings)
        report = asyncio.run(migrate(chosen.service, settings, chosen.action == "upgrade"))
    except MissingSettings as error:
        print(
            json.dumps({"error": str(error), "missing": error.names, "invalid": error.invalid}),
            file=sys.stderr,
        )
        return EX_CONFIG
    except NotPrepared as error:
        print(json.dumps({"error": str(error)}), file=sys.stderr)
        return 1
    except (SQLAlchemyError, OSError) as error:
        sentence = f"{chosen.service}: {database.reason(error)}; the schema is as it was before"
        print(json.dumps({"error": sentence}), file=sys.stderr)
        return 1
    print(json.dumps(asdict(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
