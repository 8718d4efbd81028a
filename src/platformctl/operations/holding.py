"""Holding every request at the gateway while something changes behind it, for as long as the block runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from platformctl.errors import PlatformError
from platformctl.events import Notice
from platformctl.operations.context import Context

LEASE = 10.0  # seconds; when this run is killed, the gateway opens by itself after them
RENEW_EVERY = 3.0  # seconds


@contextmanager
def held(ctx: Context) -> Iterator[None]:
    """Nobody sees an error: requests wait, and go on when the block ends, however it ends.

    Where no gateway answers there is nobody to hold, and that is said.
    """
    hold_id = ctx.audit.run_id
    if not _begin(ctx, hold_id):
        yield
        return
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(ctx, hold_id, stop), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        stop.set()
        renewal.join()
        with suppress(PlatformError):  # it opens by itself when the lease runs out
            ctx.backends.cluster.open(hold_id)


def release_abandoned(ctx: Context) -> None:
    """The environment's lock is ours, so a hold that is on belongs to a run that was killed."""
    with suppress(PlatformError):
        mode = ctx.backends.cluster.gateway()
        if mode.mode == "hold" and mode.id is not None:
            ctx.backends.cluster.open(mode.id)


def _begin(ctx: Context, hold_id: str) -> bool:
    if not any(
        each.service == "gateway" and each.state == "running" for each in ctx.backends.cluster.processes()
    ):
        ctx.report(Notice("no gateway runs, so there are no requests to hold"))
        return False
    try:
        ctx.backends.cluster.hold(hold_id, LEASE)
    except BaseException:
        with suppress(PlatformError):  # some of its processes may hold already
            ctx.backends.cluster.open(hold_id)
        raise
    return not ctx.runner.rehearses


def _renew(ctx: Context, hold_id: str, stop: threading.Event) -> None:
    while not stop.wait(RENEW_EVERY):
        with suppress(PlatformError):
            ctx.backends.cluster.hold(hold_id, LEASE)
