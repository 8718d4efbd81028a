"""Fill a new database from a backup and prove it against the manifest; the live database is not involved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from platformctl.backends.cluster.protocol import Release
from platformctl.backends.database import facts
from platformctl.backends.database.facts import Proof
from platformctl.backends.database.marks import Mark
from platformctl.errors import CommandError, PlatformError, RestoreRefusedError, StepError
from platformctl.events import Notice, step
from platformctl.operations import archive, rollout
from platformctl.operations.context import Context
from platformctl.operations.restore_preflight import Plan
from platformctl.operations.stopwatch import LOAD, MIGRATE, PROVE


@contextmanager
def proven(ctx: Context, plan: Plan) -> Iterator[None]:
    """In the block the copy is complete and proven; if the block fails before its rename, it is dropped."""
    try:
        fill(ctx, plan)
        prove(ctx, plan)
        yield
    except BaseException:
        with suppress(PlatformError):  # a copy that stays is dropped by the next restore or up
            ctx.backends.database.drop(plan.copy)
        raise


def fill(ctx: Context, plan: Plan) -> None:
    database, manifest = ctx.backends.database, plan.manifest
    for role in plan.missing_roles:
        database.ensure_role(role)
    with step(ctx.report, LOAD) as current:
        mark = Mark(run=ctx.audit.run_id, backup=manifest.id, at=ctx.clock.now())
        database.create_copy(plan.copy, manifest.properties, mark)
        with _loaded(ctx, plan), database.load(plan.copy, entries=_entries(plan)) as target:
            archive.copy(ctx, plan.entry.prefix, manifest.data, target)
        database.apply(plan.copy, manifest.properties)
        database.analyze(plan.copy)
        current.detail = f"{plan.proof.rows:,} rows"


@contextmanager
def _loaded(ctx: Context, plan: Plan) -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise StepError(
            f"backup {plan.manifest.id} could not be loaded into the new database",
            cause=error.cause,
            state="The live database was not touched; the new one is dropped.",
            evidence=error.evidence,
            fix=f"{ctx.command('backup list')}, and restore an older one",
            reference="restore/load",
        ) from error


def prove(ctx: Context, plan: Plan) -> None:
    """Raises StepError unless rows, sequences, definitions, owner, rights and settings are as backed up."""
    if ctx.runner.rehearses:
        return
    with step(ctx.report, PROVE) as current:
        found = ctx.backends.database.proof(plan.copy)
        properties = ctx.backends.database.properties(plan.copy)
        wrong = [*_content(ctx, plan, found), *facts.unlike(plan.manifest.properties, properties)]
        if wrong:
            raise StepError(
                "the new database is not what was backed up",
                cause=wrong[0],
                evidence=wrong,
                state="The live database was not touched; the new one is dropped.",
                fix=ctx.command("backup verify --all"),
                reference="restore/unproven",
            )
        current.detail = f"{len(found.tables)} tables as backed up"
    stale = [name for name, view in plan.proof.views.items() if view.stale]
    if stale:
        ctx.report(Notice(f"materialized views that were out of date are refreshed now: {', '.join(stale)}"))


def _content(ctx: Context, plan: Plan, found: Proof) -> tuple[str, ...]:
    """PostgreSQL rewrites some definitions when they are loaded (IN on a varchar becomes another cast).

    So when only the text differs, the archive's definitions are loaded once more, apart, and decide.
    """
    expected = plan.proof
    if found.schema_text != expected.schema_text:
        expected = expected.model_copy(update={"schema_text": _replayed(ctx, plan)})
    return facts.differences(expected, found)


def _replayed(ctx: Context, plan: Plan) -> str:
    database, manifest = ctx.backends.database, plan.manifest
    name = f"{plan.copy}_schema"
    database.create_copy(name, manifest.properties, Mark(ctx.audit.run_id, manifest.id, ctx.clock.now()))
    try:
        with database.load(name, only_schema=True, entries=_entries(plan)) as target:
            archive.copy(ctx, plan.entry.prefix, manifest.data, target)
        return database.proof(name).schema_text
    finally:
        database.drop(name)


def _entries(plan: Plan) -> tuple[str, ...]:
    return plan.selection.entries if plan.selection else ()


def make_current(ctx: Context, database: str, after: str, release: Release | None = None) -> None:
    """Bring an earlier state to the schema of `release`, the running one, and make everybody sign in again.

    `after` says what becomes of it when the code is older than its data.
    """
    _migrate(ctx, database, after, release)
    ctx.backends.database.end_sessions(database)


def _migrate(ctx: Context, database: str, after: str, release: Release | None) -> None:
    """The code may be newer than the data, never older."""
    with step(ctx.report, MIGRATE) as current:
        applied: list[str] = []
        for service in rollout.WITH_DATABASE:
            migration = ctx.backends.cluster.migrate(service, release, database)
            applied += [f"{service} {revision}" for revision in migration.applied]
            if migration.current != migration.head and not ctx.runner.rehearses:
                raise RestoreRefusedError(
                    f"the data of {service} is newer than the running code",
                    cause=f"it is at revision {migration.current}, the code knows {migration.head}",
                    state=f"The live database was not touched; {after}.",
                    fix=f"{ctx.command('deploy')} with the newer code, then the same command again",
                    reference="restore/newer",
                )
        current.detail = ", ".join(applied) or "nothing to do"
