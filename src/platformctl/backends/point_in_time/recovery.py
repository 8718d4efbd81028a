"""A throwaway server in which a copy of a base backup replays the archived log up to a moment."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from platformctl.backends.calls import mutation, observation
from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.database.files import ROOM, require_room
from platformctl.errors import CommandError, StepError
from platformctl.shell import files, processes, signals
from platformctl.shell.runner import Runner
from platformctl.tools import postgres

PORT = 1  # only a part of the socket's name, and never that of the live server
FOR_US = "local all all trust\n"  # the passwords are those of back then; the socket's folder is private
MICROSECOND = 1e-6  # to which PostgreSQL rounds
UNTOUCHED = "The live database was not touched; the throwaway server is removed."
BEGINS = "starting point-in-time recovery"  # in its log
REPLAYED = "SELECT NOT pg_is_in_recovery(), extract(epoch FROM pg_last_xact_replay_timestamp())::float8"


@dataclass(frozen=True)
class Recovery:
    live: EmbeddedDatabase
    folder: Path
    patience: float = 300.0  # seconds without a word of the server
    spare: int = ROOM  # bytes on the disk that are left to the live database

    @property
    def runner(self) -> Runner:
        return self.live.runner

    def clear(self) -> None:
        """Remove what a killed run left, its server too."""
        if self.folder.exists():
            self._remove(self._recovered.instance)

    @property
    def _recovered(self) -> EmbeddedDatabase:
        return replace(self.live, data=self.folder / "data", port=PORT)

    @contextmanager
    def server(self, base: Path, moment: float) -> Iterator[EmbeddedDatabase]:
        """However the block ends, nothing of it is left; what a killed run left is removed before."""
        recovered = self._recovered
        self._remove(recovered.instance)
        try:
            self._prepare(base, recovered.instance, moment)
            self._start(recovered)
            self._require(recovered, moment)
            yield recovered
        finally:
            with signals.deferred():
                self._remove(recovered.instance)

    @mutation("copy {base} to {self.folder}")
    def _prepare(self, base: Path, instance: postgres.Instance, moment: float) -> None:
        files.private_directory(self.folder)
        shutil.copytree(base, instance.data, symlinks=True)
        access = self.folder / "access.conf"
        access.write_text(FOR_US)
        until = datetime.fromtimestamp(moment, UTC).isoformat()
        with (instance.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(postgres.recovery_settings(instance, access, until))
        (instance.data / "recovery.signal").touch()

    def _start(self, recovered: EmbeddedDatabase) -> None:
        """It carries the environment's mark, so that `up` and `down` end it after a kill of this run."""
        log = self.folder / "log"
        try:
            self.runner.run(postgres.recover(recovered.instance, log, str(self.folder.parent.parent)))
        except CommandError as error:
            raise self._failed(error, log) from error
        self._await(recovered.data, log)

    def _failed(self, error: CommandError, log: Path) -> StepError:
        """It tells nothing of the moment when no replay began."""
        lines = _lines(log)
        if any(BEGINS in each for each in lines):
            return _unreached(log, error.cause)
        return StepError(
            "the throwaway server for the recovery did not start",
            cause=error.cause,
            evidence=(*error.evidence, *lines[-20:]),
            state=UNTOUCHED,
            fix="platformctl doctor, and look at memory and disk; then again",
            reference="restore/at-start",
        )

    def _await(self, data: Path, log: Path) -> None:
        """While it replays it says so at least every 10 s; it is silent when the archive hangs."""
        said, since = 0, time.monotonic()
        while (state := _state(data)) != "ready":
            if not state:
                raise _unreached(log)
            if (size := len(_lines(log))) != said:
                said, since = size, time.monotonic()
            if time.monotonic() - since > self.patience:
                raise _unreached(log, f"it said nothing for {self.patience:g} s")
            require_room(self.folder, self.spare, "the recovery to go on", "free some space", UNTOUCHED)
            time.sleep(0.05)

    @observation("ask the recovered server how far it came")
    def _require(self, recovered: EmbeddedDatabase, moment: float) -> None:
        with recovered._session("postgres") as connection:
            row = connection.execute(REPLAYED).fetchone()
        assert row is not None
        if not row[0] or (row[1] or 0.0) > moment + MICROSECOND:
            raise _unreached(self.folder / "log")

    @mutation("remove {self.folder}")
    def _remove(self, instance: postgres.Instance) -> None:
        if (instance.data / "postmaster.pid").exists():
            self.runner.run(postgres.discard(instance))
        shutil.rmtree(self.folder, ignore_errors=True)


def _state(data: Path) -> str:
    """`standby` while it recovers, then `ready`; '' when it has ended, as it does when the log ends early.

    One that was killed leaves its file.
    """
    try:
        words = (data / "postmaster.pid").read_text().split()
    except FileNotFoundError:
        return ""
    return words[-1] if words and processes.lives(int(words[0])) else ""


def _lines(log: Path) -> list[str]:
    """None when no server ever wrote one."""
    return log.read_text(errors="replace").splitlines() if log.exists() else []


def _unreached(log: Path, why: str = "it ended without a word") -> StepError:
    lines = _lines(log)[-20:]
    fatal = [each.partition("FATAL:")[2].strip() for each in lines if "FATAL:" in each]
    return StepError(
        "the moment was not reached in the throwaway server",
        cause=fatal[-1] if fatal else why,
        evidence=lines,
        state=UNTOUCHED,
        fix="platformctl restore --at TIME with an earlier time, or platformctl backup list",
        reference="restore/at-unreached",
    )
