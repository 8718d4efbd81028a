"""Loading an archive into a new database: its rows as they stream in, then all that is built of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from platformctl.backends.calls import mutation
from platformctl.backends.database.sessions import SUPERUSER_SECRET, Sessions
from platformctl.errors import CommandError
from platformctl.shell.command import Command
from platformctl.shell.files import write_whole
from platformctl.shell.runner import Runner
from platformctl.tools import dumps

FIRST_LOOK = 1024 * 1024  # bytes of an archive, in which all its definitions are as a rule
JOBS_AT_MOST = 8  # each may take the server's maintenance_work_mem


@dataclass(frozen=True, kw_only=True)
class Loading(Sessions):
    @contextmanager
    def contents(self, heard: Callable[[str], None]) -> Iterator[BinaryIO]:
        """Write the archive into the block's stream; `heard` gets each line about what is in it."""
        command = dumps.contents(self.version)
        with suppress(BrokenPipeError), self.runner.feed(command, heard) as stream:  # it reads the beginning
            yield stream

    @contextmanager
    def load(
        self, name: str, *, only_schema: bool = False, entries: Sequence[str] = ()
    ) -> Iterator[BinaryIO]:
        """Write the archive into the block's stream; leaving the block checks that all of it was loaded.

        A stream can be loaded by one job alone. Most of the time goes into indexes and constraints, of which
        the archive's beginning knows all; it is kept in memory, as several jobs need a file.
        """
        password = self._stored(SUPERUSER_SECRET)
        with self._listed(entries) as chosen:
            restored = partial(dumps.restore, self.instance, name, password, entries=chosen)
            if only_schema:
                with suppress(BrokenPipeError), self._fed(restored(dumps.DEFINITIONS)) as stream:
                    yield stream
                return
            with open(os.memfd_create("archive"), "w+b") as kept:  # nothing secret is written down
                try:
                    with self._fed(restored(dumps.ROWS)) as stream:
                        yield cast(BinaryIO, _Beginning(stream, kept, self.runner, self.version))
                except BrokenPipeError:
                    if not entries:  # what is chosen may end before the archive does
                        raise
                kept.flush()
                jobs = min(JOBS_AT_MOST, len(os.sched_getaffinity(0)))
                self.runner.run(dumps.side_by_side(restored(dumps.BUILT), kept, jobs))

    @contextmanager
    def _fed(self, command: Command) -> Iterator[BinaryIO]:
        with self.runner.feed(command) as stream, open(os.devnull, "wb") as nowhere:
            yield nowhere if self.runner.rehearses else stream

    @contextmanager
    def _listed(self, entries: Sequence[str]) -> Iterator[Path | None]:
        """pg_restore takes a list from a file alone; that of a killed run is deleted by `heal`."""
        if not entries:
            yield None
            return
        self._write_list(entries)
        try:
            yield self._list
        finally:
            self.forget_list()

    @property
    def _list(self) -> Path:
        return self.data.with_name(f"{self.data.name}.entries")

    @mutation("write down which entries of the archive are loaded")
    def _write_list(self, entries: Sequence[str]) -> None:
        write_whole(self._list, "".join(f"{each};\n" for each in entries))

    def forget_list(self) -> None:
        if not self.runner.rehearses:
            self._list.unlink(missing_ok=True)


class _Beginning:
    """Passes an archive on, and keeps of it what pg_restore needs to list what is in it."""

    def __init__(self, passed_to: BinaryIO, kept: BinaryIO, runner: Runner, version: int) -> None:
        self._passed_to, self._kept, self._runner, self._version = passed_to, kept, runner, version
        self._look_at = FIRST_LOOK
        self._whole = runner.rehearses

    def write(self, data: bytes) -> int:
        if not self._whole:
            self._kept.write(data)
            if self._kept.tell() >= self._look_at:
                self._whole = self._can_be_listed()
                self._look_at *= 2
        return self._passed_to.write(data)

    def _can_be_listed(self) -> bool:
        self._kept.flush()
        try:
            self._runner.run(dumps.contents(self._version, self._kept))
        except CommandError:
            return False
        return True
