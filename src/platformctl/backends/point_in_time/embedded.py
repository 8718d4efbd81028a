"""Point in time on this machine: pg_basebackup, an archive directory, and recovery in a throwaway server."""

from __future__ import annotations

import json
import re
import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from platformctl.backends.calls import mutation, observation
from platformctl.backends.database import files
from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.database.sessions import SUPERUSER_SECRET
from platformctl.backends.point_in_time.protocol import Base, Reach, Trouble
from platformctl.backends.point_in_time.recovery import Recovery
from platformctl.backends.point_in_time.segments import SEGMENT, before, gap
from platformctl.errors import BackupError, CommandError, StepError
from platformctl.shell import files as whole
from platformctl.shell import processes
from platformctl.shell.runner import Runner
from platformctl.tools import postgres

PATIENCE = 60.0  # seconds for one segment to be archived
ABOUT = "base.json"  # what a base is; it counts only with this
GRACE = 10.0  # seconds for a program to end
WHOLE = 16 << 20  # bytes of a segment
PACKED = 32  # times smaller is what is kept of it, at most; only zeros pack better
LATE = 3600  # seconds after which a segment is archived, at most, unless archiving failed
REPLAY = (1 << 30) + files.ROOM  # bytes: the segments that the throwaway server keeps, and some to spare
STATE = "The backup itself was made; base backups of before are as they were."
FIRST = re.compile(r"^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)$", re.MULTILINE)
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
COMMIT = "SELECT pg_current_xact_id()"  # whose commit is later than every moment before it
SWITCH = "SELECT pg_walfile_name(pg_switch_wal())"
ARCHIVER = """
    SELECT current_setting('archive_mode') <> 'off', coalesce(last_archived_wal, ''),
           last_failed_time > coalesce(last_archived_time, '-infinity'), last_failed_wal, failed_count
    FROM pg_stat_archiver
"""


@dataclass(frozen=True)
class EmbeddedPointInTime:
    database: EmbeddedDatabase

    @property
    def runner(self) -> Runner:
        return self.database.runner

    @property
    def archive(self) -> Path:
        assert self.database.archive is not None
        return self.database.archive

    @property
    def folder(self) -> Path:
        return self.archive.parent

    @property
    def _making(self) -> Path:
        return self.folder / "bases" / "making"

    @property
    def _mark(self) -> str:
        return str(self.folder.parent)

    @property
    def _recovery(self) -> Recovery:
        return Recovery(self.database, self.folder / "recovery")

    def clear(self) -> None:
        self._recovery.clear()
        if self._making.exists():
            self._remove(self._making)

    @mutation("remove {making}, which a killed run left")
    def _remove(self, making: Path) -> None:
        """And end the program that may still write there."""
        marked = processes.carrying("PLATFORMCTL_STATE", self._mark)
        processes.end([each for each in marked if processes.name(each) == "pg_basebackup"], GRACE)
        shutil.rmtree(making)

    @observation("list base backups")
    def bases(self) -> tuple[Base, ...]:
        """One counts once it has its name: a killed run may have left it whole in its place of making."""
        whole_ones = self.folder.glob(f"bases/*/{ABOUT}")
        found = {each.parent.name: Base(**json.loads(each.read_bytes())) for each in whole_ones}
        bases = (base for name, base in found.items() if name == base.name)
        return tuple(sorted(bases, key=lambda base: base.ended))

    def back_up(self) -> Base:
        if trouble := self.trouble():
            raise _no_base(trouble.cause, "platformctl doctor")
        making = self._making
        self._prepare(making)
        files.require_room(making, self._size() + files.ROOM, "a base backup", "free some space", STATE)
        password = self.database._stored(SUPERUSER_SECRET)
        try:
            copied = postgres.base_backup(self.database.instance, making / "data", password, self._mark)
            self.runner.run(copied)
            self.runner.run(postgres.verify_base(self.database.version, making / "data"))
        except CommandError as error:
            raise _no_base(error.cause, "platformctl logs postgres", error.evidence) from error
        return self._publish(making)

    @mutation("make room for a base backup in {making}")
    def _prepare(self, making: Path) -> None:
        """What a killed run left there, or of a base that it deleted, is in nobody's way."""
        for each in making.parent.glob("*"):
            if each == making or not (each / ABOUT).exists():
                shutil.rmtree(each)
        for each in (self.folder, making.parent, making):
            whole.private_directory(each)

    @mutation("let the base backup in {making} count")
    def _publish(self, making: Path) -> Base:
        ended = self._ask(NOW)[0]
        found = FIRST.search((making / "data" / "backup_label").read_text())
        if found is None:
            raise _no_base("its backup_label does not say where its log begins", "platformctl logs postgres")
        size = sum(each.stat().st_size for each in making.rglob("*") if each.is_file())
        name = f"{datetime.fromtimestamp(ended, UTC):%Y%m%dT%H%M%S.%fZ}"
        base = Base(name, ended, size, found[1])
        whole.write_whole(making / ABOUT, json.dumps(asdict(base)))
        files.publish(making, self._place(base))
        return base

    def _place(self, base: Base) -> Path:
        return self.folder / "bases" / base.name

    def reaches(self) -> tuple[Reach, ...]:
        """What is not archived yet is with the live server, so an unbroken row leads up to now.

        One that breaks off surely holds what was written before its last segment was begun.
        """
        now, last_archived = self._ask(NOW)[0], self._ask(ARCHIVER)[1][:24]
        archived = self._archived()
        newest = max(("", *archived, last_archived))
        found = []
        for base in self.bases():
            last, missing = gap(base.first, newest, archived)
            begun = archived.get(before(last), 0.0) if last else 0.0
            found.append(Reach(base, max(base.ended, begun) if missing else now, missing))
        return tuple(found)

    @mutation("have the write-ahead log archived up to now")
    def archive_now(self) -> None:
        failures = self._ask(ARCHIVER)[4]
        self._ask(COMMIT)
        segment, deadline = self._ask(SWITCH)[0], time.monotonic() + PATIENCE
        while not (self.archive / f"{segment}{postgres.KEPT}").exists():
            if time.monotonic() > deadline or self._ask(ARCHIVER)[4] > failures:
                trouble = self.trouble()
                raise StepError(
                    "the last changes are not archived, so nothing can be recovered from them",
                    cause=trouble.cause if trouble else f"{segment} was not archived in {PATIENCE:g} s",
                    state="The live database was not touched.",
                    fix="platformctl doctor",
                    reference="restore/at-archive",
                )
            time.sleep(0.05)

    def room(self, base: Base, moment: float) -> int:
        """The files grow by no more than was logged, also when it was deleted since."""
        return base.size + self._logged(base.first, moment + LATE) + REPLAY

    @observation("look how much was logged since {first}")
    def _logged(self, first: str, until: float) -> int:
        """A segment that was ended by its time is packed small, and holds little."""
        found = self.archive.glob(f"*{postgres.KEPT}")
        about = (each.stat() for each in found if first <= each.name.removesuffix(postgres.KEPT))
        return sum(min(WHOLE, PACKED * each.st_size) for each in about if each.st_mtime <= until)

    def recovered(self, base: Base, moment: float) -> AbstractContextManager[EmbeddedDatabase]:
        purpose = "a copy of the base backup, from which the moment is recovered"
        files.require_room(self.folder, self.room(base, moment), purpose, "free some space")
        return self._recovery.server(self._place(base) / "data", moment)

    def surplus(self, since: float) -> tuple[Base, ...]:
        bases = self.bases()
        return tuple(each for each, later in pairwise(bases) if later.ended <= since)

    def expire(self, surplus: tuple[Base, ...]) -> None:
        for each in surplus:
            self._delete(each.name)
        left = [each for each in self.bases() if each not in surplus]
        if left and self._before(left[0].first):
            self._delete_before(left[0].first)

    @mutation("delete the base backup {name}")
    def _delete(self, name: str) -> None:
        """What says that it is one goes first."""
        place = self.folder / "bases" / name
        (place / ABOUT).unlink()
        shutil.rmtree(place)

    @mutation("delete the write-ahead log before {first}")
    def _delete_before(self, first: str) -> None:
        for each in self._before(first):
            each.unlink()

    def _before(self, first: str) -> list[Path]:
        """With the small files that tell where base backups began."""
        found = self.archive.glob(f"*{postgres.KEPT}")
        return [each for each in found if SEGMENT.match(each.name) and each.name[:24] < first]

    def trouble(self) -> Trouble | None:
        archives, _, fails, segment, count = self._ask(ARCHIVER)
        if not archives:
            cause = "PostgreSQL does not archive its log; platformctl up restarts it so that it does"
            return Trouble(cause, "platformctl up")
        if not fails:
            return None
        cause = f"segment {segment} could not be archived; {count} attempts failed"
        if not self._is_archived(segment):
            return Trouble(cause, "make room, then platformctl up; platformctl logs postgres says why")
        cause += ": the archive holds another of that name, of a former database or an older copy of this"
        away = f"mv {self.folder} {self.folder}.former-{segment}"
        return Trouble(cause, f"{away}; a minute later, platformctl backup create")

    @observation("look for segment {segment} in the archive")
    def _is_archived(self, segment: str) -> bool:
        return (self.archive / f"{segment}{postgres.KEPT}").exists()

    def _size(self) -> int:
        return sum(each.size for each in self.database.databases())

    @observation("look which segments of the write-ahead log are archived")
    def _archived(self) -> dict[str, float]:
        """With the time that each was."""
        found = (
            (each.name.removesuffix(postgres.KEPT), each) for each in self.archive.glob(f"*{postgres.KEPT}")
        )
        return {name: each.stat().st_mtime for name, each in found if SEGMENT.fullmatch(name)}

    @observation("ask the database server about its log")
    def _ask(self, query: str) -> tuple[Any, ...]:
        with self.database._session("postgres") as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row


def _no_base(cause: str, fix: str, evidence: tuple[str, ...] = ()) -> BackupError:
    return BackupError(
        "no base backup was made, from which restore --at could go on",
        cause=cause,
        evidence=evidence,
        state=STATE,
        fix=fix,
        reference="backup/base",
    )
