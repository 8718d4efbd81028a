"""Where one is: environment, target, what runs, and the next useful command; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from platformctl.operations.context import Context


@dataclass(frozen=True, slots=True)
class Overview:
    """`processes` counts the replicas that are ready, of all."""

    environment: str
    target: str
    state: str
    processes: str = ""
    gateway: str = ""
    next_steps: tuple[str, ...] = ()


def overview(ctx: Context) -> Overview:
    cluster = ctx.backends.cluster
    here = {"environment": ctx.environment, "target": ctx.config.target}
    if not cluster.exists():
        return Overview(**here, state="not made yet", next_steps=(ctx.command("up"),))
    if not cluster.running():
        return Overview(**here, state="stopped; its data is kept", next_steps=(ctx.command("up"),))
    processes = cluster.processes()
    ready = sum(each.ready for each in processes)
    well = ready == len(processes)
    return Overview(
        **here,
        state="runs" if well else "runs, but not all of it",
        processes=f"{ready} of {len(processes)} ready",
        gateway=cluster.endpoints().gateway,
        next_steps=(ctx.command("status" if well else "health"), "platformctl --help"),
    )
