"""A server of its own, a live database of some size and stored backups: what verbs are killed on."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.database.facts import Rows
from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.shell.runner import Runner
from tests.database import CONTENT, SERVICES, context, names, run, running

BACKUPS = 5  # two more than are kept of one day
GROW = """
    INSERT INTO items.items (title, state, price)
    SELECT md5(n::text) || md5((n * 2)::text), 'open', n FROM generate_series(1, 15000) n
"""
MARK = "PCTL_KILLED_RUN"
LIMIT = 60.0  # seconds
Contents = dict[str, Rows]


@dataclass
class World:
    """`kept` are the stored objects as they were made; `seconds` is what each verb takes, left alone."""

    server: EmbeddedDatabase
    folder: Path
    name: str
    kept: dict[Path, bytes] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)

    def context(self, runner: Runner | None = None) -> Context:
        return context(self.server, self.folder, self.name, runner)

    @property
    def root(self) -> Path:
        return Path(self.context().backends.objects.location())

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def live(self) -> Contents:
        """Every table of the live database."""
        return self.context().backends.database._rows(self.name, None).tables

    def change(self) -> None:
        """So that what is live is like no backup and no database that was kept."""
        run(self.context(), f"INSERT INTO items.items (title) VALUES ('{secrets.token_hex(8)}')")

    def repair(self) -> None:
        shutil.rmtree(self.root)
        for file, content in self.kept.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def as_made(self, prefix: str) -> bool:
        """Whether a backup is byte for byte one that was made before, and so need not be opened again."""
        files = [each for each in (self.root / prefix).iterdir() if each.is_file()]
        return len(files) == 2 and all(self.kept.get(each) == each.read_bytes() for each in files)

    def drop_kept(self) -> None:
        for name in names(self.context()):
            self.server.drop(name)

    def files(self) -> set[str]:
        """All files of the environment that are no published objects."""
        found = (each for each in self.folder.rglob("*") if each.is_file())
        return {each.name for each in found if self.root not in each.parents or each.name.startswith(".")}

    def processes(self, run_id: str) -> list[psutil.Process]:
        """Whatever the run started and is still there."""
        return [each for each in psutil.process_iter() if _environ(each).get(MARK) == run_id]

    def end_of(self, run_id: str) -> list[psutil.Process]:
        """What does not end by itself."""
        deadline = time.monotonic() + 10
        while (left := self.processes(run_id)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def start_again(self) -> None:
        """After the postmaster was killed: its own processes notice it and end before another may start."""
        deadline = time.monotonic() + LIMIT
        while any(_works_in(each, self.server.data) for each in psutil.process_iter(["name"])):
            assert time.monotonic() < deadline, "processes of the killed server did not end"
            time.sleep(0.02)
        self.server.start()


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
    except psutil.Error:
        return {}


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(folder)
    except psutil.Error:
        return False


@contextmanager
def made() -> Iterator[World]:
    with running() as server, tempfile.TemporaryDirectory(prefix="pctl-kills-") as folder:
        yield world(server, Path(folder))


def world(server: EmbeddedDatabase, folder: Path) -> World:
    made = World(server, folder, f"db{secrets.token_hex(4)}")
    made.temporary.mkdir()
    ctx = made.context()
    ctx.backends.database.prepare(SERVICES)
    run(ctx, CONTENT)
    run(ctx, GROW)
    for _ in range(BACKUPS):
        create(made.context(), accept=("size",))
    made.contents = made.live()
    made.kept = {each: each.read_bytes() for each in made.root.rglob("*") if each.is_file()}
    made.change()
    return made


def enter(world: World, run_id: str) -> None:
    """In the process of a run that is to be killed: its children carry its mark, its files lie apart."""
    os.environ[MARK] = run_id
    os.environ["TMPDIR"] = tempfile.tempdir = str(world.temporary)
