"""Who works on the environment, and taking the lock from a holder who hangs."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.cluster.protocol import LockHolder
from platformctl.errors import PreconditionError, StepError
from platformctl.operations.context import Context


@dataclass(frozen=True, slots=True)
class Lock:
    """`holder` is None when nobody works on the environment."""

    holder: LockHolder | None
    next_steps: tuple[str, ...] = ()


def show(ctx: Context) -> Lock:
    holder = ctx.backends.cluster.lock_holder()
    steps = (f"platformctl lock break --confirm {holder.id} --reason TEXT",) if holder else ()
    return Lock(holder, steps)


def break_lock(ctx: Context, lock_id: str) -> Lock:
    """The holder is not stopped: look first that it does nothing any more."""
    holder = ctx.backends.cluster.lock_holder()
    if holder is None or holder.id != lock_id:
        held = f"the lock is {holder.id}, of {holder.verb}" if holder else "nobody holds a lock"
        raise PreconditionError(f"there is no lock {lock_id}", cause=held, fix="platformctl lock show")
    ctx.backends.cluster.break_lock(lock_id)
    left = ctx.backends.cluster.lock_holder()
    if left is not None and left.id == lock_id and not ctx.runner.rehearses:
        raise StepError(f"lock {lock_id} is still held", fix="platformctl lock show")
    return Lock(left, ("platformctl status",))
