"""In which words pg_dump and pg_restore are asked: builders of commands; runs none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pydantic import SecretStr

from platformctl.shell.command import Command
from platformctl.tools import postgres
from platformctl.tools.postgres import Instance

ROWS = ("--section=pre-data", "--section=data")  # what parts of an archive there are to restore
BUILT = ("--section=post-data",)  # of the rows: indexes, constraints, triggers
DEFINITIONS = ("--schema-only",)


def dump(instance: Instance, database: str, snapshot: str, password: SecretStr) -> Command:
    """The custom format, uncompressed, on standard output; gives up when a lock is not had in 5 s."""
    argv = (
        postgres.program(instance.version, "pg_dump"),
        *postgres.connection(instance, database),
        "--format=custom",
        "--compress=0",
        f"--snapshot={snapshot}",
        "--lock-wait-timeout=5s",
    )
    # It only reads, but a rehearsal must not take as long as the dump itself: it is told, not run.
    return Command(argv, mutates=True, env=postgres.access(password))


def schema_text(instance: Instance, database: str, password: SecretStr, snapshot: str | None) -> Command:
    """Every definition as SQL text, without rows."""
    at = (f"--snapshot={snapshot}",) if snapshot else ()
    argv = (
        postgres.program(instance.version, "pg_dump"),
        *postgres.connection(instance, database),
        "--schema-only",
        "--lock-wait-timeout=5s",
        *at,
    )
    return Command(argv, mutates=False, env=postgres.access(password))


def restore(
    instance: Instance,
    database: str,
    password: SecretStr,
    parts: tuple[str, ...],
    entries: Path | None = None,
) -> Command:
    """Load ROWS, BUILT or DEFINITIONS, or `entries` of these alone; stops at the first error.

    The archive comes in a pipe, which needs no scratch file of the database's size, and knows only one job.
    """
    argv = (
        postgres.program(instance.version, "pg_restore"),
        *postgres.connection(instance, database),
        "--exit-on-error",
        "--no-subscriptions",
        *parts,
        *((f"--use-list={entries}",) if entries else ()),
    )
    return Command(argv, mutates=True, env=postgres.access(password))


def side_by_side(restore: Command, archive: BinaryIO, jobs: int) -> Command:
    """Each job takes one of the server's processors, so none has help of the server's own workers."""
    return replace(
        restore,
        argv=(*restore.argv, f"--jobs={jobs}", postgres.FILE),
        env={**restore.env, "PGOPTIONS": f"{restore.env['PGOPTIONS']} -c max_parallel_maintenance_workers=0"},
        stdin=archive,
    )


def contents(version: int, archive: BinaryIO | None = None) -> Command:
    """Each entry of the archive, a file or else in a pipe, with those that it depends on."""
    file = (postgres.FILE,) if archive else ()
    argv = (postgres.program(version, "pg_restore"), "--list", "--verbose", *file)
    return Command(argv, mutates=False, env=postgres.PLAIN, stdin=archive)


def decode(version: int) -> Command:
    """Read an archive from standard input to its end and write its SQL nowhere."""
    argv = (postgres.program(version, "pg_restore"), "--file=/dev/null")
    return Command(argv, mutates=False, env=postgres.PLAIN)
