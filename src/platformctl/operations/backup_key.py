"""Which key opens the backups, for whom new ones are encrypted and whose signature is believed."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.errors import PreconditionError
from platformctl.operations.context import Context


@dataclass(frozen=True, slots=True)
class KeyShown:
    """Names of keys only; `opens` are the recipients whose backups can be read here.

    Those in `trusted` are believed what they say of backups, those in `drillers` what of drills.
    """

    file: str
    opens: tuple[str, ...]
    recipients: tuple[str, ...]
    trusted: tuple[str, ...]
    drillers: tuple[str, ...]
    next_steps: tuple[str, ...]


def show(ctx: Context) -> KeyShown:
    keys = ctx.backends.keys
    if not keys.exist():
        raise PreconditionError(
            "there is no key of backups yet",
            cause=f"{keys.location()} does not exist; the first backup makes it",
            fix=f"{ctx.command('backup create')}; for backups from elsewhere: put their key there",
            reference="keys/missing",
        )
    return KeyShown(
        file=keys.location(),
        opens=tuple(keys.opens()),
        recipients=tuple(keys.recipients()),
        trusted=tuple(sorted(keys.trusted())),
        drillers=tuple(sorted(keys.drillers())),
        next_steps=(f"cp {keys.location()} to a place away from this machine", ctx.command("backup list")),
    )
