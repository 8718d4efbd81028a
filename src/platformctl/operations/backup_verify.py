"""Read backups to their end, as a restore would, and say which of them are whole."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.errors import PreconditionError, UnhealthyError
from platformctl.events import Finding, step
from platformctl.operations import archive, catalogue
from platformctl.operations.context import Context


@dataclass(frozen=True, slots=True)
class Verified:
    whole: tuple[str, ...]
    damaged: tuple[str, ...]
    next_steps: tuple[str, ...]


def verify(ctx: Context, backup: str = "latest", every: bool = False) -> Verified:
    """Raises UnhealthyError (exit 5) when one is damaged; its data names which."""
    entries = catalogue.entries(ctx) if every else (catalogue.find(ctx, backup),)
    if not entries:
        raise PreconditionError("there is no backup to verify", fix=ctx.command("backup create"))
    faults = {entry.id: _verify(ctx, entry) for entry in entries}
    damaged = tuple(name for name, fault in faults.items() if fault)
    whole = tuple(name for name, fault in faults.items() if not fault)
    following = ctx.command(f"restore {whole[0]}" if whole else "backup create")
    result = Verified(whole, damaged, (following,))
    if damaged:
        raise UnhealthyError(
            f"{len(damaged)} of {len(entries)} backups cannot be restored",
            cause=f"{damaged[0]}: {faults[damaged[0]]}",
            state="Nothing was changed by looking.",
            fix=following,
            reference="backup/damaged",
            data=result,
        )
    return result


def _verify(ctx: Context, entry: catalogue.Entry) -> str:
    with step(ctx.report, f"verify {entry.id}"):
        fault = archive.check(ctx, entry)
    ctx.report(
        Finding(
            id=f"backup.{entry.id}",
            status="fail" if fault else "pass",
            message=f"{entry.id} is {'damaged' if fault else 'whole'}",
            evidence=fault,
            fix=ctx.command("backup create") if fault else "",
        )
    )
    return fault
