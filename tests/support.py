"""What tests of several layers share: an environment of its own, a Context, and a Reporter that remembers."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from platformctl.backends.local import compose
from platformctl.config.load import load
from platformctl.events import Event
from platformctl.operations.audit import Audit
from platformctl.operations.context import Context
from platformctl.operations.waiting import SystemClock
from platformctl.shell.runner import RealRunner, Runner


@dataclass(slots=True)
class Heard:
    """A Reporter that keeps every event."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event, /) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list[Event]:
        return [each for each in self.events if isinstance(each, kind)]


def isolate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """State, home and working directory below `folder`, and no variable that reaches the configuration."""
    for name in os.environ:
        if name.startswith("PLATFORMCTL") or name in ("NO_COLOR", "BUILD_URL"):
            monkeypatch.delenv(name)
    runtime = Path(tempfile.mkdtemp(prefix="pctl-", dir="/tmp"))  # socket paths end at 107 bytes
    for name, value in (("HOME", folder), ("XDG_STATE_HOME", folder / "state"), ("XDG_RUNTIME_DIR", runtime)):
        monkeypatch.setenv(name, str(value))
    work = folder / "shop"
    work.mkdir(exist_ok=True)
    monkeypatch.chdir(work)
    return folder


def context(
    runner: Runner | None = None,
    report: Heard | None = None,
    *,
    environment: str = "local",
    run_id: str = "r1",
) -> Context:
    """A Context of the embedded target as cli/wiring.py makes one; nothing is started or written."""
    loaded = load(None, environment, os.environ)
    audit = Audit(
        file=Path(os.environ["XDG_STATE_HOME"]) / "audit.jsonl",
        verb="test",
        environment=environment,
        arguments={},
        run_id=run_id,
    )
    used = runner or RealRunner(audit.record)
    return Context(
        config=loaded.config,
        environment=environment,
        verb="test",
        backends=compose(loaded, used),
        runner=used,
        report=report or Heard(),
        audit=audit,
        clock=SystemClock(),
    )
