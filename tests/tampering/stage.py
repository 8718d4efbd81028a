"""Good backups with different contents, kept apart as they were made; a live database unlike all of them."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.backends.database.facts import Rows
from platformctl.operations import catalogue, manifest
from platformctl.operations.backup_create import create
from platformctl.operations.catalogue import DATA, MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest
from tests.database import CONTENT, SERVICES, context, names, run, running

BACKUPS = 4
# Several chunks of 64 KiB that cannot be compressed away.
FILLING = """
    INSERT INTO items.log SELECT md5(random()::text) || md5(random()::text) FROM generate_series(1, 6000)
"""
GLANCE = """
    SELECT count(*), sum(hashtextextended(t::text, 0)), (SELECT count(*) FROM items.log),
           (SELECT array_agg(datname ORDER BY datname) FROM pg_database) FROM items.items t
"""
ANOTHER = "DELETE FROM items.items WHERE id % 50 = {0}; UPDATE items.items SET title = title || ' in {0}'"
Contents = dict[str, Rows]
Glance = list[tuple[object, ...]]


@dataclass(frozen=True)
class Good:
    """A backup as it was made: both of its objects, and what each table held."""

    id: str
    folder: Path
    data: bytes
    manifest: bytes
    parsed: Manifest

    def file(self, name: str) -> Path:
        return self.folder / name

    def bytes_of(self, name: str) -> bytes:
        return self.data if name == DATA else self.manifest

    @property
    def contents(self) -> Contents:
        return self.parsed.proof.tables


@dataclass(frozen=True)
class Stage:
    """`backups` are from the oldest to the newest; each call of `context` is a run of its own.

    `archive` is a whole dump of another database, as an attacker could have made one.
    """

    context: Callable[[], Context]
    root: Path
    backups: tuple[Good, ...]
    archive: bytes

    def repair(self) -> None:
        """Every object is again what it was when it was made, and nothing else is there."""
        shutil.rmtree(self.root)
        for each in self.backups:
            each.folder.mkdir(parents=True)
            for name in (DATA, MANIFEST):
                each.file(name).write_bytes(each.bytes_of(name))

    def make_live_unlike_all(self) -> None:
        ctx = self.context()
        run(ctx, f"INSERT INTO items.items (title) VALUES ('{secrets.token_hex(8)}')")
        for name in names(ctx):
            ctx.backends.database.drop(name)

    def live(self) -> Contents:
        database = self.context().backends.database
        return database._rows(database.name, None).tables

    def glance(self) -> Glance:
        """Enough to see that nothing was touched: what is live, and which databases there are."""
        return run(self.context(), GLANCE)


@contextmanager
def made() -> Iterator[Stage]:
    with running() as server, tempfile.TemporaryDirectory(prefix="pctl-tampering-") as folder:
        yield stage(server, Path(folder))


def stage(server: EmbeddedDatabase, folder: Path) -> Stage:
    _trust(server)
    name = f"db{secrets.token_hex(4)}"
    ctx = context(server, folder, name)
    ctx.backends.database.prepare(SERVICES)
    run(ctx, CONTENT)
    run(ctx, FILLING)
    ids = []
    archive = _archive(ctx)
    for number in range(BACKUPS):
        run(ctx, ANOTHER.format(number))
        ids.append(create(ctx, accept=("size",)).id)
    run(ctx, ANOTHER.format(BACKUPS))
    root = Path(ctx.backends.objects.location())
    good = tuple(_good(ctx, root, each) for each in ids)
    return Stage(lambda: context(server, folder, name), root, good, archive)


def _archive(ctx: Context) -> bytes:
    with ctx.backends.database.snapshot() as snapshot, ctx.backends.database.dump(snapshot) as source:
        return source.read()


def _good(ctx: Context, root: Path, backup: str) -> Good:
    folder = root / catalogue.find(ctx, backup).prefix
    raw = (folder / MANIFEST).read_bytes()
    parsed = manifest.parse(raw, ctx.backends.keys.trusted())
    return Good(backup, folder, (folder / DATA).read_bytes(), raw, parsed)


def _trust(server: EmbeddedDatabase) -> None:
    """Passwords cost most of the time of a connection, and are not what is tried here."""
    (server.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n")
    with server._session("postgres") as connection:
        connection.execute("SELECT pg_reload_conf()")
