"""Whenever the power is cut, and whatever of the unsynced is lost, each backup that is listed is whole."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from platformctl.backends.objects.directory import DirectoryObjects
from platformctl.operations import archive, catalogue
from platformctl.operations.backup_create import create
from platformctl.operations.backup_prune import prune
from platformctl.operations.catalogue import DATA, MANIFEST
from platformctl.operations.context import Context
from tests.database import environment, server  # noqa: F401
from tests.powercut import disk
from tests.powercut.disk import Tree
from tests.powercut.trace import Event, record

SEED, SOME, MANY = 20260, 4, 2000
Environment = Callable[..., Context]
UNFINISHED = "20260101T000000Z-abcdef"


class Cuts:
    """Looks at the catalogue on what a disk may hold; the same objects are opened only once."""

    def __init__(self, ctx: Context, folder: Path) -> None:
        self._ctx, self._folder = ctx, folder
        self._flaws: dict[tuple[str, ...], str] = {}
        self.looked = 0

    def listed(self, tree: Tree) -> dict[str, str]:
        """Each backup that is listed, and its flaw."""
        root = self._folder / "after"
        shutil.rmtree(root, ignore_errors=True)
        disk.write(tree, root)
        self.looked += 1
        objects = DirectoryObjects(root, self._ctx.runner)
        ctx = replace(self._ctx, backends=replace(self._ctx.backends, objects=objects))
        found = {}
        for entry in catalogue.entries(ctx):
            raw = (tree.get(f"{entry.prefix}/{name}") for name in (MANIFEST, DATA))
            key = (entry.prefix, *(sha256(each or b"").hexdigest() for each in raw))
            if key not in self._flaws:
                self._flaws[key] = archive.check(ctx, entry)
            found[entry.id] = self._flaws[key]
        return found

    def false(self, events: list[Event], before: Tree, some: int) -> list[str]:
        """For every moment: what is listed and not whole."""
        draw = Random(SEED)
        states = itertools.chain.from_iterable(
            disk.at(events, number, before).states(draw, some) for number in range(len(events) + 1)
        )
        different = {frozenset(tree.items()): tree for tree in states}
        return [
            f"{each}: {flaw}"
            for tree in different.values()
            for each, flaw in self.listed(tree).items()
            if flaw
        ]


def traced(ctx: Context, operation: Callable[[Context], object], folder: Path) -> tuple[list[Event], Tree]:
    root = Path(ctx.backends.objects.location())
    before = disk.read(root)
    return record(root, lambda: operation(ctx), folder / "trace"), before


def with_leftovers(ctx: Context) -> None:
    """A backup that was never finished, which the next run removes."""
    place = Path(
        ctx.backends.objects.location(), catalogue.root(ctx), ctx.backends.database.server().system_id
    )
    (place / UNFINISHED).mkdir(parents=True)
    (place / UNFINISHED / DATA).write_bytes(b"half of it")


@pytest.fixture
def cuts(environment: Environment, tmp_path: Path) -> Cuts:  # noqa: F811
    return Cuts(environment(), tmp_path)


def test_a_power_cut_during_the_first_backup_leaves_no_false_one(
    environment: Environment,  # noqa: F811
    cuts: Cuts,
    tmp_path: Path,
) -> None:
    ctx = environment()
    Path(ctx.backends.objects.location()).mkdir()
    events, before = traced(ctx, create, tmp_path)
    assert {each.kind for each in events} >= {"make", "create", "link", "unlink", "sync file", "sync folder"}
    assert cuts.false(events, before, SOME) == []
    assert cuts.looked > 10


def test_a_backup_that_was_reported_survives_a_power_cut(
    environment: Environment,  # noqa: F811
    cuts: Cuts,
    tmp_path: Path,
) -> None:
    create(environment())
    with_leftovers(environment())
    events, before = traced(environment(), create, tmp_path)
    assert cuts.false(events, before, SOME) == []
    after = disk.at(events, len(events), before)
    assert {len(cuts.listed(tree)) for tree in after.states(Random(SEED), SOME)} == {2}


def test_a_power_cut_while_backups_are_deleted_leaves_no_false_one(
    environment: Environment,  # noqa: F811
    cuts: Cuts,
    tmp_path: Path,
) -> None:
    for _ in range(4):
        create(environment())
    events, before = traced(environment(), prune, tmp_path)
    assert "unlink" in {each.kind for each in events}
    assert cuts.false(events, before, SOME) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("operation", [create, prune])
def test_thousands_of_power_cuts_leave_no_false_backup(
    environment: Environment,  # noqa: F811
    cuts: Cuts,
    tmp_path: Path,
    operation: Callable[[Context], object],
) -> None:
    for _ in range(4):
        create(environment())
    with_leftovers(environment())
    events, before = traced(environment(), operation, tmp_path)
    assert cuts.false(events, before, MANY // len(events)) == []
