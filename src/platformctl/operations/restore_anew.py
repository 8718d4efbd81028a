"""Restore where there is no environment yet, as on an empty machine: bring one up, then fill it."""

from __future__ import annotations

from collections.abc import Mapping

from platformctl.errors import PlatformError
from platformctl.events import Narrated, Notice, step
from platformctl.operations import archive, catalogue, restore_preflight, up
from platformctl.operations.context import Context
from platformctl.operations.restore import Restored, restore
from platformctl.operations.restore_switch import switched
from platformctl.shell.signals import BreakOff


def restore_anew(ctx: Context, backup: str, environ: Mapping[str, str]) -> Restored | None:
    """`latest` is the newest good backup of any database cluster. Answers None in a rehearsal."""
    entry = catalogue.find_anywhere(ctx, backup)
    manifest = catalogue.require_whole(ctx, entry)
    restore_preflight.require_key(ctx, manifest)
    restore_preflight.require_version(manifest, ctx.config.database.version)
    with step(ctx.report, "read the backup"):
        archive.require_whole(ctx, entry.prefix, manifest.data)
    up.up(ctx, environ, first_backup=False)
    if ctx.runner.rehearses:
        ctx.report(Narrated(f"restore backup {manifest.id} into it"))
        return None
    try:
        restored = restore(ctx, manifest.id, into_foreign=True)
    except PlatformError as error:
        if switched(ctx) is False:
            error.state = (
                "The platform was brought up here and holds no data of the backup; that is as it was."
            )
        raise
    except BreakOff as end:
        end.add_note("The platform was brought up by this run.")
        raise
    ctx.report(Notice("accounts and passwords are those of the backup; the login that up makes is not in it"))
    return restored


def what_is_made(ctx: Context, backup: str) -> tuple[str, str]:
    """The id of the backup, and the words to ask with."""
    manifest = catalogue.require_whole(ctx, catalogue.find_anywhere(ctx, backup))
    return manifest.id, (
        f"There is no environment {ctx.environment} here yet, so nothing is lost: "
        f"the platform is brought up and gets the data of {manifest.time}, {manifest.rows:,} rows."
    )
