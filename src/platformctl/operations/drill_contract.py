"""Asks what was booted on a copy for the public contract: as any visitor, in the network that it has."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from pydantic import SecretStr

from platformctl.backends.secrets.protocol import LOGIN, PASSWORD, Secrets
from platformctl.errors import StepError
from platformctl.events import Finding, Notice, Status, step
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Contract
from platformctl.tools import visit
from platformctl.tools.visit import Visited

NOBODY = ("", SecretStr(""))


def ask(inside: Context, live: Secrets) -> Contract:
    """Reports a finding for each row. Raises StepError when one is broken, or when none could be asked.

    The copy has the live database's people, so its first superuser is asked for in the `live` secrets. One
    whose password is another by now is left out, and what only a superuser can see stays unknown.
    """
    with step(inside.report, "verify the public contract") as current:
        visited = _visit(inside, *_superuser(live))
        if visited.reference == visit.CREDENTIALS:
            inside.report(Notice("the first superuser's stored password is not that of the backup"))
            visited = _visit(inside, *NOBODY)
        if visited.error:
            raise StepError("the public contract could not be asked for", cause=visited.error)
        for row in visited.rows:
            inside.report(Finding(row.id, cast(Status, row.status), row.message, row.evidence))
        contract = _counted(visited)
        if contract.failed:
            broken = [row for row in visited.rows if row.status == "fail"]
            raise StepError(
                f"{contract.failed} of {contract.asked} rows of the public contract are not kept",
                cause=f"{broken[0].id}: {broken[0].message}",
                evidence=[f"{row.id}: {row.message} {row.evidence}".strip() for row in broken],
                data=contract,
            )
        current.detail = f"{contract.passed} of {contract.asked} rows kept"
    return contract


def _visit(inside: Context, user: str, password: SecretStr) -> Visited:
    cluster = inside.backends.cluster
    folder = Path(cluster.locations()["logs"])
    command = visit.verify(cluster.endpoints().gateway, user, password, folder)
    return visit.answer(inside.runner.run(command).lines)


def _superuser(live: Secrets) -> tuple[str, SecretStr]:
    user, password = live.get(LOGIN), live.get(PASSWORD)
    return (user.get_secret_value(), password) if user and password else NOBODY


def _counted(visited: Visited) -> Contract:
    counts = dict.fromkeys(("pass", "fail", "unknown"), 0)
    for row in visited.rows:
        counts[row.status] += 1
    return Contract(passed=counts["pass"], failed=counts["fail"], unknown=counts["unknown"])
