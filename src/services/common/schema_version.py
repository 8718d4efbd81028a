"""Whether this release and the schema in the database fit together; changing the schema is migrate's part.

Revisions are numbers with leading zeros, in one line, so that they can be compared. A release expects its own
newest revision. After each upgrade the database also records `oldest_compatible`: the oldest expectation that
its schema still satisfies. A newer schema is therefore fine for an older release exactly when nothing that it
uses has been taken away, and a rollout that fails can be rolled back without touching the schema.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.common.database import Database, reason


def scripts(service: str) -> ScriptDirectory:
    """The migrations that this release carries for `service`."""
    return ScriptDirectory.from_config(alembic_config(service))


def alembic_config(service: str) -> Config:
    package = importlib.import_module(f"services.{service}.migrations")
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent).replace("%", "%%"))
    config.attributes["service"] = service
    return config


class SchemaVersion:
    """The migrations check of readiness."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.expected = scripts(database.schema).get_current_head()

    async def fits(self) -> str | None:
        """None, or why this release must not serve on the schema it finds."""
        state = text(f'SELECT revision, oldest_compatible FROM "{self._database.schema}".schema_state')
        try:
            async with self._database.statements() as connection:
                found = (await connection.execute(state)).one_or_none()
        except (SQLAlchemyError, OSError) as error:
            return f"the schema's version cannot be read: {reason(error)}"
        return self.judge(*found) if found else f"the schema is empty, {self.expected} is expected"

    def judge(self, revision: str, oldest_compatible: str) -> str | None:
        if revision < self.expected:
            return f"the schema is at {revision}, this release needs {self.expected}: migrate it"
        if oldest_compatible > self.expected:
            return (
                f"the schema is at {revision} and no longer works with releases before {oldest_compatible};"
                f" this one is from {self.expected}"
            )
        return None
