"""`platformctl maintenance`: the gateway refuses writes for a while."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from platformctl.cli.options import Damage, Guarded, changes, group, reads
from platformctl.operations import maintenance

app = group("Let the gateway refuse writes for a while.")


@app.command("on")
@changes(Damage.COSTLY)
def on(
    message: Annotated[
        str, typer.Option("--message", help="What clients are told.")
    ] = "The platform is under maintenance.",
    retry_after: Annotated[
        int, typer.Option("--retry-after", min=1, max=86_400, help="Seconds after which to try again.")
    ] = 60,
) -> Guarded:
    """Refuse writes with 503 from now on, restarts included; reads go on."""
    return Guarded(partial(maintenance.switch_on, message=message, retry_after=retry_after))


@app.command("off")
@changes(Damage.NONE)
def off() -> Guarded:
    """Serve everything again."""
    return Guarded(maintenance.switch_off)


@app.command("status")
@reads()
def status() -> Guarded:
    """Show whether the gateway is open, holds requests or refuses writes."""
    return Guarded(maintenance.status)
