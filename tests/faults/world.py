"""One environment to break: runs verbs in it, with and without a fault, and looks at what is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from platformctl.backends.database.facts import Proof
from tests.environment import free_port
from tests.faults.runner import Plan, written
from tests.support import context, isolate

ROOT = Path(__file__).parents[2]
SERVICES = ("auth", "users", "items", "gateway")
COUNTED = "auth.allowances"
LIMIT = 120.0  # seconds for one run of a verb, clean-up after a signal included


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.out)["data"]


@dataclass(frozen=True)
class World:
    """HOME, state and runtime directories are in the environment of this process already."""

    folder: Path
    replicas: int
    port: int

    def configure(self, drain_seconds: int) -> None:
        """Another value is another release of every service."""
        services = ", ".join(f"{name}: {{replicas: {self.replicas}}}" for name in SERVICES)
        text = f"platform: shop\ndrain_seconds: {drain_seconds}\nservices: {{{services}}}\n"
        text += f"gateway: {{port: {self.port}}}\n"
        Path("platform.yaml").write_text(text)

    def run(self, *argv: str) -> Done:
        """A verb as a user would run it; must succeed."""
        done = self._finish(self._start(sys.executable, "-m", "platformctl", *argv), None)
        assert done.code == 0, f"{argv} ended with {done.code}: {done.err}"
        return done

    def broken(self, plan: Plan, *argv: str) -> Done:
        """A verb with a fault; one that hangs gets a SIGINT as soon as it does."""
        child = self._start(sys.executable, "-m", "tests.faults.driver", written(plan), *argv)
        return self._finish(child, plan if plan.how == "hang" else None)

    def questions(self, log: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def lock_holder(self) -> object:
        return self.run("lock", "show", "--output", "json").data["holder"]

    def proof(self, name: str | None = None) -> Proof:
        """Of the live database, or of `name`, without the requests that the gateway counts, a verb's too."""
        database = context().backends.database
        found = database.proof(name or database.name)
        tables = {name: rows for name, rows in found.tables.items() if name != COUNTED}
        return found.model_copy(update={"tables": tables})

    def databases(self) -> list[str]:
        return [each.name for each in context().backends.database.databases()]

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(context().backends.database.url("items"), autocommit=True) as connection:
            connection.execute(statement)

    def backups(self) -> str:
        return context().backends.objects.location()

    def gateway_mode(self) -> str:
        return context().backends.cluster.gateway().mode

    def changed(self, before: int) -> list[str]:
        """Words of the changes that were completed since the record had `before` lines."""
        lines = [json.loads(line) for line in self._record()[before:]]
        return [each["change"] for each in lines if each["outcome"] == "done"]

    def recorded(self) -> int:
        return len(self._record())

    def _record(self) -> list[str]:
        (file, *_) = [*self.folder.glob("state/platformctl/*/local/audit.jsonl"), None]
        return file.read_text().splitlines() if file else []

    def _start(self, *argv: str) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def _finish(self, child: subprocess.Popen[str], hangs: Plan | None) -> Done:
        if hangs is not None:
            self._interrupt(child, Path(hangs.log))
        try:
            out, err = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            err += f"\nDID NOT END in {LIMIT:g} s"
        return Done(child.returncode, out, err)

    def _interrupt(self, child: subprocess.Popen[str], log: Path) -> None:
        deadline = time.monotonic() + LIMIT
        while child.poll() is None and time.monotonic() < deadline:
            if any(each["hit"] for each in self.questions(log)):
                time.sleep(0.3)  # the fault itself follows its line in the log
                child.send_signal(signal.SIGINT)
                return
            time.sleep(0.05)


@contextmanager
def made(replicas: int = 2, *, started: bool = True) -> Iterator[World]:
    """A platform that runs, in a home of its own, in this process too; ended and deleted afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        folder = Path(tempfile.mkdtemp(prefix="pctl-faults-"))
        world = World(isolate(patch, folder), replicas, free_port())
        world.configure(drain_seconds=10)
        try:
            if started:
                world.run("up", "--yes")
            yield world
        finally:
            world.run("down", "--yes")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
