"""Everything an operation works with; made once by cli/wiring.py and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from platformctl.backends import Backends
from platformctl.config.schema import PlatformConfig
from platformctl.events import Reporter
from platformctl.operations.audit import Audit
from platformctl.operations.waiting import Clock
from platformctl.shell.runner import Runner


@dataclass(frozen=True, slots=True)
class Context:
    config: PlatformConfig
    environment: str
    verb: str
    backends: Backends
    runner: Runner
    report: Reporter
    audit: Audit
    clock: Clock

    def command(self, words: str) -> str:
        """What a person has to type; cli/address.py adds the environment and the file when it is shown."""
        return f"platformctl {words}"


@dataclass(frozen=True, slots=True)
class Unloaded:
    """What a verb about the configuration itself works with; `file` is what --file named."""

    file: Path | None
    environment: str
    report: Reporter
