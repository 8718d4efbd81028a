"""One run at a time changes an environment: holder, time, verb and reason; released in finally."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from platformctl.backends.cluster.protocol import LockHolder
from platformctl.errors import LockHeldError, LockLostError
from platformctl.events import Notice
from platformctl.operations.context import Context
from platformctl.shell import processes

RENEW_EVERY = 10.0  # seconds
DEAD_AFTER = 60.0  # seconds without renewal, where the holder's process cannot be seen


@contextmanager
def locked(ctx: Context, reason: str, patience: float = DEAD_AFTER) -> Iterator[None]:
    """Hold the environment's lock; waits `patience` seconds, then raises LockHeldError.

    Once somebody took the lock away (`lock break`), every further change in the block raises LockLostError.
    """
    if ctx.runner.rehearses:
        yield
        return
    me = _holder(ctx, reason)
    _take(ctx, me, patience)
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(ctx, me.id, stop), daemon=True)
    renewal.start()
    try:
        with ctx.runner.fenced(lambda: _require(ctx, me)):
            yield
    finally:
        stop.set()
        renewal.join()
        ctx.backends.cluster.release_lock(me.id)


def _holder(ctx: Context, reason: str) -> LockHolder:
    this = processes.current()
    return LockHolder(
        id=ctx.audit.run_id,
        verb=ctx.verb,
        reason=reason,
        host=socket.gethostname(),
        pid=this.pid,
        started=this.started,
        since=ctx.clock.now(),
        build_url=os.environ.get("BUILD_URL"),
    )


def _take(ctx: Context, me: LockHolder, patience: float) -> None:
    begun, told = ctx.clock.elapsed(), False
    while (other := ctx.backends.cluster.take_lock(me)) is not None:
        if ctx.clock.elapsed() - begun >= patience:
            raise LockHeldError(
                f"environment {ctx.environment} is locked by {other.verb} (lock {other.id})",
                cause=f"{describe(other)}; waited {patience:g} s for it to end",
                fix=ctx.command("lock show"),
            )
        if not told:
            ctx.report(Notice(f"waiting for {describe(other)}"))
            told = True
        ctx.clock.sleep(0.5)


def _require(ctx: Context, me: LockHolder) -> None:
    holder = ctx.backends.cluster.lock_holder()
    if holder is None or holder.id != me.id:
        raise LockLostError(
            f"the lock of environment {ctx.environment} was taken from this run",
            cause=f"lock {me.id} was broken; now it has {describe(holder) if holder else 'no holder'}",
            state="This run has changed nothing since; what it had done before stays.",
            fix=ctx.command("lock show"),
        )


def describe(holder: LockHolder) -> str:
    since = datetime.fromtimestamp(holder.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{holder.verb} of pid {holder.pid} on {holder.host} since {since}"


def _renew(ctx: Context, lock_id: str, stop: threading.Event) -> None:
    due = time.monotonic() + RENEW_EVERY
    while not stop.wait(max(0.0, due - time.monotonic())):
        ctx.backends.cluster.renew_lock(lock_id)
        due += RENEW_EVERY
