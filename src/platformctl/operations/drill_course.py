"""The course of a drill in its throwaway environment: load as a restore does, boot on the copy, verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from platformctl.backends.cluster.protocol import Release
from platformctl.backends.database.marks import Mark
from platformctl.backends.secrets.protocol import Secrets
from platformctl.errors import (
    BackupError,
    CommandError,
    PlatformError,
    PreconditionError,
    RestoreRefusedError,
)
from platformctl.events import step
from platformctl.operations import restore_copy, rollout
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Contract
from platformctl.operations.manifest import Manifest
from platformctl.operations.restore_preflight import Plan, preflight
from platformctl.operations.stopwatch import CHECK, Stopwatch

Ask = Callable[[Context, Secrets], Contract]
OTHERS_FAULT = ("backup/key", "objects/disk")
FULL = "No space left on device"


@dataclass
class Attempt:
    """What is known of a drill while it runs; `failure` is None as long as nothing of the backup failed."""

    manifest: Manifest
    at: float
    watch: Stopwatch
    secluded: bool
    release: str = ""
    contract: Contract | None = None
    failure: PlatformError | None = None


def carry_out(inside: Context, attempt: Attempt, ask: Ask, live: Secrets) -> None:
    """Raises what has nothing to do with the backup; what has is the attempt's failure."""
    release = _start(inside, attempt.manifest)
    attempt.release = release.id
    try:
        with step(inside.report, CHECK):
            plan = preflight(inside, attempt.manifest.id, into_foreign=True)
    except RestoreRefusedError as error:
        if not _damaged(error):
            raise
        attempt.failure = error
        return
    try:
        _put_in_place(inside, replace(plan, release=release))
        with attempt.watch.section("boot", inside.clock):
            _boot(inside, release)
        with attempt.watch.section("verify", inside.clock):
            attempt.contract = ask(inside, live)
    except PreconditionError:
        raise  # such as a backup that is newer than the code
    except PlatformError as error:
        if _full(error):
            raise
        attempt.failure = error
        attempt.contract = error.data if isinstance(error.data, Contract) else None


def _start(inside: Context, manifest: Manifest) -> Release:
    """An empty server with the roles that the backup names, and the release that is to run on it."""
    cluster, database = inside.backends.cluster, inside.backends.database
    with step(inside.report, "make a throwaway environment") as current:
        cluster.claim()
        cluster.start()
        database.start()
        database.prepare(rollout.WITH_DATABASE)
        for role in manifest.properties.roles:
            database.ensure_role(role)
        release = cluster.desired()
        cluster.store(release)
        current.detail = f"PostgreSQL {database.server().version}"
    return release


def _put_in_place(inside: Context, plan: Plan) -> None:
    """The copy becomes the throwaway environment's database before any service runs."""
    now, run = inside.clock.now(), inside.audit.run_id
    mark, kept_mark = Mark(run, plan.manifest.id, now), Mark(run, "", now)
    with restore_copy.proven(inside, plan):
        restore_copy.make_current(inside, plan.copy, "the new one is dropped", plan.release)
        inside.backends.database.switch(plan.copy, plan.kept, mark, kept_mark)


def _boot(inside: Context, release: Release) -> None:
    for group in (rollout.WITH_DATABASE, (rollout.GATEWAY,)):
        with step(inside.report, f"boot {', '.join(group)} on the copy"):
            inside.backends.cluster.roll_out(release, group)


def _damaged(refused: RestoreRefusedError) -> bool:
    """Whether it was refused for what is stored, and not for what is missing here."""
    cause = refused.__cause__
    return isinstance(cause, BackupError | CommandError) and cause.reference not in OTHERS_FAULT


def _full(error: PlatformError) -> bool:
    """A disk without room says nothing of the backup."""
    return any(FULL in line for line in (error.message, error.cause, *error.evidence))
