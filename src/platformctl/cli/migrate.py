"""`platformctl migrate`."""

from __future__ import annotations

from platformctl.cli.options import Damage, Guarded, changes
from platformctl.operations.migrate import migrate as operation


@changes(Damage.NONE)
def migrate() -> Guarded:
    """Bring the database's schemas to what the present code needs; deploy does it, too.

    Migrations only add, so what runs now goes on working.
    """
    return Guarded(operation)
