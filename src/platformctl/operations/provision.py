"""Create or change the infrastructure; a target that has none says so."""

from __future__ import annotations

from typing import NoReturn

from platformctl.errors import NoMeaningError
from platformctl.operations.context import Context


def provision(ctx: Context) -> NoReturn:
    raise NoMeaningError(
        f"provision has no meaning on target {ctx.config.target}: there is no infrastructure to create",
        fix=ctx.command("up"),
    )
