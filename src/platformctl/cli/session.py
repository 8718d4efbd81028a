"""What the exit door must know of a run, filled in as it proceeds; imports nothing that takes time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from platformctl.shell.runner import Record, Runner
    from platformctl.ui.screen import Screen

MakeRunner = Callable[["Record"], "Runner"]


@dataclass(slots=True)
class Session:
    """`state` is the state directory once it is known; `changed` is true after the first recorded change.

    `environment` and `file` are what --env and --file named. `run_id` is the same in a rehearsal and in
    the run that follows it, so that what was agreed to by name is what is made.
    """

    machine: bool = False
    make_runner: MakeRunner | None = None
    screen: Screen | None = None
    state: Path | None = None
    environment: str = "local"
    file: Path | None = None
    changed: bool = False
    run_id: str = field(default_factory=lambda: os.urandom(6).hex())
