"""Let the gateway refuse writes for a while, and open it again."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.backends.cluster.protocol import GatewayMode
from platformctl.errors import StepError
from platformctl.operations.context import Context
from platformctl.operations.running import locked_while_running, require_running


@dataclass(frozen=True, slots=True)
class Maintenance:
    mode: str
    in_flight: int
    held: int
    next_steps: tuple[str, ...] = ()


def switch_on(ctx: Context, message: str, retry_after: int) -> Maintenance:
    """Reads go on; a write is answered 503 with `message`, to be tried again after `retry_after` seconds."""
    with locked_while_running(ctx, "maintenance on"):
        ctx.backends.cluster.maintain(message, retry_after)
        return _checked(ctx, "maintenance", "platformctl maintenance off")


def switch_off(ctx: Context) -> Maintenance:
    with locked_while_running(ctx, "maintenance off"):
        ctx.backends.cluster.open(None)
        return _checked(ctx, "open", "platformctl health")


def status(ctx: Context) -> Maintenance:
    require_running(ctx)
    mode = ctx.backends.cluster.gateway()
    return _told(mode, "platformctl maintenance on" if mode.mode == "open" else "platformctl maintenance off")


def _checked(ctx: Context, wanted: str, next_step: str) -> Maintenance:
    mode = ctx.backends.cluster.gateway()
    if mode.mode != wanted and not ctx.runner.rehearses:
        raise StepError(
            f"the gateway is in mode {mode.mode} and should be in {wanted}",
            state="Some of its processes may be in either mode.",
            fix="platformctl maintenance status",
        )
    return _told(mode, next_step)


def _told(mode: GatewayMode, next_step: str) -> Maintenance:
    return Maintenance(mode.mode, mode.in_flight, mode.held, (next_step,))
