"""Bringing services over to releases as one recorded set, and back when that fails; asks no target why."""

from __future__ import annotations

import getpass
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from platformctl.backends.cluster.protocol import Deploy, Release
from platformctl.errors import DeployError, PlatformError
from platformctl.events import step
from platformctl.operations.context import Context

WITH_DATABASE = ("auth", "users", "items")
GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Plan:
    """`targets` has the release of each service that is to change; others stay as they are."""

    targets: Mapping[str, Release]
    migrate: bool = True
    commit: str | None = None
    committed_at: str | None = None
    of: str | None = None


def carry_out(ctx: Context, plan: Plan) -> Deploy:
    """Migrate, replace one process after the other, gateway last, and record it.

    Raises DeployError with the record as its data; whatever was replaced then runs its former release again.
    """
    ctx.backends.database.check()
    deploy = _begun(ctx, plan)
    try:
        for release in _distinct(plan.targets):
            ctx.backends.cluster.store(release)
        if plan.migrate:
            deploy = replace(deploy, migrations=_migrate(ctx, plan.targets))
        _roll(ctx, plan.targets)
    except PlatformError as error:
        raise _undone(ctx, deploy, error) from error
    return _record(ctx, replace(deploy, outcome="deployed"))


def _begun(ctx: Context, plan: Plan) -> Deploy:
    """The record as it will be if all goes wrong: what is not done yet is not claimed."""
    now = ctx.clock.now()
    before = last_good(ctx) or dict(ctx.backends.cluster.chosen())
    after = before | {service: release.id for service, release in plan.targets.items()}
    return Deploy(
        id=f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(2)}",
        verb=ctx.verb,
        outcome="broken",
        started=now,
        finished=now,
        version=next(iter(plan.targets.values())).version,
        before=before,
        after=after,
        who=_who(),
        commit=plan.commit,
        committed_at=plan.committed_at,
        of=plan.of,
    )


def last_good(ctx: Context) -> dict[str, str] | None:
    """The set that the last change ended with; a killed one left no record and does not count."""
    for record in ctx.backends.cluster.deploys():
        if record.outcome == "deployed":
            return dict(record.after)
        if record.outcome == "rolled_back":
            return dict(record.before)
    return None


def given_up(ctx: Context) -> frozenset[str]:
    """The releases that the newest change went back from, by itself or because somebody asked for it."""
    newest = next(iter(ctx.backends.cluster.deploys()), None)
    good = last_good(ctx)
    if newest is None or good is None:
        return frozenset()
    left = newest.before if newest.outcome == "deployed" else newest.after
    went_back = newest.outcome != "deployed" or newest.verb == "rollback"
    return frozenset(left.values()) - frozenset(good.values()) if went_back else frozenset()


def _migrate(ctx: Context, targets: Mapping[str, Release]) -> tuple[str, ...]:
    done: list[str] = []
    with step(ctx.report, "migrate the database") as current:
        for service in [each for each in WITH_DATABASE if each in targets]:
            current.progress(service)
            migration = ctx.backends.cluster.migrate(service, targets[service])
            done += [f"{service} {revision}" for revision in migration.applied]
        current.detail = f"{len(done)} applied" if done else "nothing to do"
    return tuple(done)


def _roll(ctx: Context, targets: Mapping[str, Release]) -> None:
    behind = [service for service in targets if service != GATEWAY]
    for group in (behind, [GATEWAY] if GATEWAY in targets else []):
        if group:
            with step(ctx.report, f"roll out {', '.join(group)}"):
                _roll_group(ctx, {service: targets[service] for service in group})


def _roll_group(ctx: Context, targets: Mapping[str, Release]) -> None:
    for release in _distinct(targets):
        members = [service for service, wanted in targets.items() if wanted.id == release.id]
        ctx.backends.cluster.roll_out(release, members)


def _undone(ctx: Context, deploy: Deploy, error: PlatformError) -> DeployError:
    """Save the evidence first: returning to the former release writes over the logs' end."""
    cluster = ctx.backends.cluster
    evidence = cluster.keep_evidence(deploy.id, [error.message, error.cause, *error.evidence])
    former = {name: cluster.stored(release) for name, release in deploy.before.items()}
    touched = {name: old for name, old in former.items() if old and _differs(ctx, name, old)}
    if touched:
        with suppress(PlatformError), step(ctx.report, "return to the former release"):
            _roll(ctx, touched)
    outcome = _outcome(ctx, deploy)
    record = _record(
        ctx, replace(deploy, outcome=outcome, cause=f"{error.message}: {error.cause}", evidence=evidence)
    )
    return DeployError(
        error.message,
        cause=error.cause,
        state=STATES[outcome] if touched or outcome != "rolled_back" else UNTOUCHED,
        evidence=(*error.evidence, f"all of it: {evidence}"),
        fix=error.fix or "platformctl health",
        reference=f"deploy/{outcome}",
        data=record,
    )


STATES = {
    "rolled_back": "What had been replaced runs its former release again; migrations, which only add, stay.",
    "old_version_serving": "The former release serves; not every process of it is as it was.",
    "broken": "At least one service has no process that is ready.",
}
UNTOUCHED = "No process was replaced; migrations, which only add, stay."


def _outcome(ctx: Context, deploy: Deploy) -> str:
    processes = [each for each in ctx.backends.cluster.processes() if each.service in deploy.before]
    good = [each for each in processes if each.ready and each.release == deploy.before[each.service]]
    if {each.service for each in good} != set(deploy.before) or not deploy.before:
        return "broken"
    return "rolled_back" if len(good) == len(processes) else "old_version_serving"


def _differs(ctx: Context, service: str, old: Release) -> bool:
    cluster = ctx.backends.cluster
    mine = [each for each in cluster.processes() if each.service == service]
    return cluster.chosen().get(service) != old.id or any(each.release != old.id for each in mine)


def _record(ctx: Context, deploy: Deploy) -> Deploy:
    finished = replace(deploy, finished=ctx.clock.now())
    ctx.backends.cluster.record(finished)
    return finished


def _distinct(targets: Mapping[str, Release]) -> Sequence[Release]:
    return list({release.id: release for release in targets.values()}.values())


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
