"""What the exit door must know of a run, filled in as it proceeds; imports nothing that takes time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from platformctl.shell.runner import Record, Runner
    from platformctl.ui.screen import Screen

MakeRunner = Callable[["Record"], "Runner"]


@dataclass(slots=True)
class Session:
    """`state` is the state directory once it is known; `changed` is true after the first recorded change.

    `environment` and `file` are what --env and --file named.
    """

    machine: bool = False
    make_runner: MakeRunner | None = None
    screen: Screen | None = None
    state: Path | None = None
    environment: str = "local"
    file: Path | None = None
    changed: bool = False
