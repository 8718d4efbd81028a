"""One verdict on the way from the gateway over each service to the database; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from platformctl.errors import PlatformError, UnhealthyError
from platformctl.events import Finding
from platformctl.operations.context import Context

EVERY = 2.0  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Health:
    healthy: bool
    passed: int
    failed: int
    next_steps: tuple[str, ...]


def health(ctx: Context) -> Health:
    """Raises UnhealthyError when a check says no."""
    findings = list(look(ctx))
    for finding in findings:
        ctx.report(finding)
    failed = [each for each in findings if each.status != "pass"]
    verdict = Health(not failed, len(findings) - len(failed), len(failed), (ctx.command("status"),))
    if failed:
        raise UnhealthyError(
            f"{failed[0].message}" + (f", and {len(failed) - 1} more" if len(failed) > 1 else ""),
            cause=failed[0].evidence,
            state="Nothing was changed by looking.",
            fix=failed[0].fix,
            data=verdict,
        )
    return verdict


def watch(ctx: Context) -> None:
    """Report each finding when it changes, until the run is cancelled."""
    before: dict[str, Finding] = {}
    while True:
        for finding in look(ctx):
            if before.get(finding.id) != finding:
                ctx.report(finding)
            before[finding.id] = finding
        ctx.clock.sleep(EVERY)


def look(ctx: Context) -> Iterator[Finding]:
    """One finding a check, from the outside in."""
    up = ctx.command("up")
    if not ctx.backends.cluster.running():
        yield Finding("supervisor", "fail", "the platform does not run", "no supervisor answers", up)
        return
    yield Finding("supervisor", "pass", "the supervisor answers")
    yield _entrance(ctx, up)
    for process in ctx.backends.cluster.processes():
        well = process.ready
        yield Finding(
            f"process.{process.name}",
            "pass" if well else "fail",
            f"{process.name} is ready" if well else f"{process.name} is not ready",
            process.why,
            "" if well else f"{ctx.command(f'logs {process.service}')}, then {up}",
            {"pid": process.pid, "release": process.release, "state": process.state},
        )
    yield _mode(ctx)
    yield _database(ctx, up)


def _entrance(ctx: Context, up: str) -> Finding:
    gateway = ctx.backends.cluster.endpoints().gateway
    try:
        answer = ctx.backends.cluster.probe()
    except PlatformError as error:
        return Finding("gateway", "fail", f"{gateway} does not answer", f"{error.message}: {error.cause}", up)
    return Finding("gateway", "pass", f"{gateway} answers in {answer * 1000:.0f} ms")


def _mode(ctx: Context) -> Finding:
    try:
        mode = ctx.backends.cluster.gateway().mode
    except PlatformError as error:
        return Finding("mode", "unknown", "the gateway's mode is unknown", error.message, error.fix)
    if mode == "open":
        return Finding("mode", "pass", "the gateway is open")
    fix = "platformctl maintenance off" if mode == "maintenance" else "it ends by itself within 30 s"
    return Finding("mode", "fail", f"the gateway is in mode {mode}: not every request is served", "", fix)


def _database(ctx: Context, up: str) -> Finding:
    try:
        server = ctx.backends.database.server()
    except PlatformError as error:
        return Finding(
            "database", "fail", "PostgreSQL does not answer", f"{error.message}: {error.cause}", up
        )
    return Finding("database", "pass", f"PostgreSQL {server.version} answers")
