"""Verifies the services' public contract at any address, as a visitor who leaves nothing behind."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from platformctl.errors import UnhealthyError
from platformctl.events import Finding, Notice, Planned, Step, step
from platformctl.operations.abuse.table import ABUSE
from platformctl.operations.context import Context
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.steps import Rows
from platformctl.operations.contract.table import CONTRACT
from platformctl.operations.verify_cast import assemble, log_in, reach
from platformctl.operations.verify_clean_up import ROW as CLEAN_UP
from platformctl.operations.verify_clean_up import clean_up
from platformctl.operations.verify_direct import of_the_services
from platformctl.operations.verify_fuzz import ROW as FUZZ
from platformctl.operations.verify_fuzz import check_fuzz, fuzz
from platformctl.operations.verify_ledger import Ledger
from platformctl.operations.verify_place import Place, Wanted, place
from platformctl.operations.verify_rows import Kept, Stage, finding
from platformctl.quantities import Seconds

LIMIT = 48.0  # seconds after which no question is begun, so that with the clean-up it is about a minute


@dataclass(frozen=True, slots=True)
class Verified:
    url: str
    superuser: bool
    passed: int
    failed: int
    unknown: int
    took: Seconds
    next_steps: tuple[str, ...]


@dataclass(slots=True)
class Findings:
    """Reported as they are found, and kept."""

    ctx: Context
    step: Step
    planned: tuple[str, ...]
    found: list[Finding] = field(default_factory=list)

    def begin(self, name: str) -> None:
        self.step.progress(name, len(self.found) / len(self.planned))

    def add(self, finding: Finding) -> None:
        self.found.append(finding)
        self.ctx.report(finding)

    def of(self, status: str) -> list[Finding]:
        return [each for each in self.found if each.status == status]


@dataclass(frozen=True, slots=True)
class Run:
    """One visit: what is to be asked, by whom, and where the answers go."""

    ctx: Context
    where: Place
    ledger: Ledger
    cast: Cast
    findings: Findings
    stage: Stage

    def carry(self, rows: Rows, seconds_of_fuzz: int) -> None:
        """However it ends, the run's own users are deleted."""
        try:
            assemble(self.stage, self.cast)
            waiting: dict[str, list[Kept]] = {}
            for name, promises in rows.items():
                self.findings.begin(name)
                kept = [self.stage.carry(each, self.cast) for each in promises]
                if any(each.parked for each in kept):
                    waiting[name] = kept
                else:
                    self.findings.add(finding(name, kept))
            for name, kept in waiting.items():
                self.stage.resume(kept)
                self.findings.add(finding(name, kept))
            if seconds_of_fuzz:
                self.findings.begin(FUZZ)
                self.findings.add(fuzz(self.ctx, self.where, self.ledger, self.cast, seconds_of_fuzz))
        finally:
            self.findings.begin(CLEAN_UP)
            self.findings.add(clean_up(self.ledger, self.cast, self.ctx.clock))


def verify(ctx: Context, wanted: Wanted) -> Verified:
    """Raises PreconditionError when nothing can be asked, UnhealthyError when a promise is not kept."""
    where = place(ctx, wanted)
    if wanted.fuzz:
        check_fuzz()
    rows = {**CONTRACT, **ABUSE} if wanted.abuse else CONTRACT
    if where.services:
        rows = of_the_services(rows)
    planned = (*rows, *([FUZZ] if wanted.fuzz else ()), CLEAN_UP)
    begun = ctx.clock.elapsed()
    with (
        ctx.backends.web.visit(where.url, where.own, where.services) as visit,
        step(ctx.report, f"verify {where}") as current,
    ):
        cast = _cast(where)
        reach(
            visit, where.url, ctx.command("up") if where.own else "check the address, then repeat the command"
        )
        log_in(visit, cast)
        ctx.report(Notice("users and items of this run's own are made there, and deleted at the end"))
        ctx.report(Planned(planned))
        ledger, findings = Ledger(visit), Findings(ctx, current, planned)
        stage = Stage(ledger, ctx.clock, begun + LIMIT)
        Run(ctx, where, ledger, cast, findings, stage).carry(rows, wanted.fuzz)
    return _verdict(ctx, where, findings, ctx.clock.elapsed() - begun)


def _cast(where: Place) -> Cast:
    tag = f"verify-{secrets.token_hex(4)}"
    return Cast(tag, loopback=where.loopback, root=where.root, signing=where.signing)


def _verdict(ctx: Context, where: Place, findings: Findings, took: float) -> Verified:
    failed, unknown = findings.of("fail"), findings.of("unknown")
    verified = Verified(
        url=str(where),
        superuser=where.root is not None,
        passed=len(findings.of("pass")),
        failed=len(failed),
        unknown=len(unknown),
        took=round(took, 1),
        next_steps=(ctx.command("status"),) if where.own else (),
    )
    if not failed:
        return verified
    more = f", and {len(failed) - 1} more rows" if len(failed) > 1 else ""
    left = any(each.id == CLEAN_UP for each in failed)
    raise UnhealthyError(
        f"{failed[0].id} is not as promised{more}",
        cause=" ".join(each.strip() for each in failed[0].evidence.splitlines()[:2]) or failed[0].message,
        state="Users of this run are left." if left else "The run's own users and items are deleted again.",
        fix=ctx.command(_logs(where)) if where.own else "show the findings to whoever runs it",
        data=verified,
    )


def _logs(where: Place) -> str:
    return "logs" if where.services else "logs gateway"
