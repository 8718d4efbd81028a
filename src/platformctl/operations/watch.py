"""Replace only what a saved file changes, as soon as it is saved; until the run is cancelled."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from platformctl.config.schema import SERVICES
from platformctl.errors import CancelledRunError, PlatformError
from platformctl.events import Finding, Notice
from platformctl.operations import rollout
from platformctl.operations.context import Context
from platformctl.operations.locking import locked

SETTLE = 50  # milliseconds without another saved file, so that one save of many files is one change


def watch(ctx: Context) -> NoReturn:
    import watchfiles

    code = Path(ctx.backends.cluster.locations()["code"])
    ctx.report(Notice(f"watching {code}; Ctrl-C ends the watching, and the platform stays up"))
    for changes in watchfiles.watch(code, debounce=SETTLE, step=10, raise_interrupt=True):
        paths = [Path(path).relative_to(code) for _, path in changes]
        follow(ctx, paths)
    raise CancelledRunError("the watching has ended", signal_number=2)


def follow(ctx: Context, paths: Collection[Path]) -> None:
    """Bring over what the saved `paths` belong to; a mistake in them is told and ends nothing."""
    services = affected(paths)
    if not services:
        return
    begun = ctx.clock.elapsed()
    try:
        with locked(ctx, "watch"):
            release = ctx.backends.cluster.desired()
            ctx.backends.cluster.store(release)
            for service in services:
                if any(path.parts[:2] == (service, "migrations") for path in paths):
                    ctx.backends.cluster.migrate(service, release)
                ctx.backends.cluster.exchange(release, service)
    except PlatformError as error:
        text = "\n".join((error.cause, *error.evidence))
        ctx.report(Finding("watch", "fail", error.message, text, "save a corrected file"))
        return
    took = ctx.clock.elapsed() - begun
    ctx.report(Finding("watch", "pass", f"{', '.join(services)} replaced in {took:.1f} s"))


def affected(paths: Collection[Path]) -> tuple[str, ...]:
    """The services to replace: a service's own file concerns it alone, any other concerns all."""
    real = [path for path in paths if _counts(path)]
    owners = {path.parts[0] for path in real}
    if owners - set(SERVICES):
        return (*rollout.WITH_DATABASE, rollout.GATEWAY)
    return tuple(service for service in SERVICES if service in owners)


def _counts(path: Path) -> bool:
    """What Python compiles and editors leave is no change."""
    hidden = any(part.startswith((".", "#")) or part == "__pycache__" for part in path.parts)
    return not hidden and path.suffix not in (".pyc", ".swp", ".tmp") and not path.name.endswith("~")
