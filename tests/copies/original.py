"""A backed-up database, a copy made as a restore makes one, and what the proof says of a changed copy."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformctl.backends.database import facts
from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.database.facts import Proof
from platformctl.backends.database.marks import Mark
from platformctl.operations import archive, restore_copy
from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.operations.restore_preflight import Plan, preflight
from tests.copies.mutants import Mutant
from tests.database import CONTENT, SERVICES, context, run

ORIGINAL = Path(__file__).with_name("original.sql")
MARK = Mark("test", "", 0.0)


@dataclass(frozen=True)
class Original:
    """`plan` is that of its restore, whose copy is there; `expected` what a whole copy has to be like."""

    ctx: Context
    plan: Plan
    expected: Proof

    @contextmanager
    def copy(self, mutant: Mutant | None = None) -> Iterator[str]:
        """Another copy, as the restore's own was when the proof begins, then changed by `mutant`."""
        database = self.ctx.backends.database
        name = f"{database.name}__{secrets.token_hex(4)}"
        run(self.ctx, f'CREATE DATABASE "{name}" TEMPLATE "{self.plan.copy}"', "postgres")
        try:
            database.apply(name, self.plan.manifest.properties)
            if mutant is not None:
                run(self.ctx, mutant.sql.replace("COPY", name), "postgres" if mutant.outside else name)
            yield name
        finally:
            database.drop(name)

    def differences(self, copy: str) -> tuple[str, ...]:
        database, wanted = self.ctx.backends.database, self.plan.manifest.properties
        return (
            *facts.differences(self.expected, database.proof(copy)),
            *facts.unlike(wanted, database.properties(copy)),
        )


@contextmanager
def made(server: EmbeddedDatabase, folder: Path) -> Iterator[Original]:
    ctx = context(server, folder, f"db{secrets.token_hex(4)}")
    database = ctx.backends.database
    database.prepare(SERVICES)
    try:
        run(ctx, CONTENT)
        run(ctx, ORIGINAL.read_text())
        run(ctx, f"ALTER DATABASE \"{database.name}\" SET work_mem = '5MB'", "postgres")
        run(ctx, f'ALTER DATABASE "{database.name}" CONNECTION LIMIT 40', "postgres")
        create(ctx)
        plan = preflight(ctx, "latest", into_foreign=False)
        restore_copy.fill(ctx, plan)
        yield Original(ctx, plan, _expected(ctx, plan))
    finally:
        for each in database.databases():
            if each.name.startswith(database.name):
                database.drop(each.name)


def _expected(ctx: Context, plan: Plan) -> Proof:
    """With the definitions as they are once loaded, which a restore falls back on; once for all copies."""
    database, manifest = ctx.backends.database, plan.manifest
    name = f"{plan.copy}_schema"
    database.create_copy(name, manifest.properties, MARK)
    with database.load(name, only_schema=True) as target:
        archive.copy(ctx, plan.entry.prefix, manifest.data, target)
    text = database.proof(name).schema_text
    database.drop(name)
    return manifest.proof.model_copy(update={"schema_text": text})
