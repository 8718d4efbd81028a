"""The verbs that are killed: from what each starts, and what the live database may be afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from platformctl.operations.backup_create import create
from platformctl.operations.backup_prune import prune
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.operations.restore_undo import undo
from tests.database import names
from tests.kills.world import Contents, World


@dataclass(frozen=True)
class Verb:
    """`prepare` answers the only contents that a run may lead to; `same` the run leads there each time.

    Of an undo it does not: the next one brings back what the first put aside.
    """

    name: str
    operation: Callable[[Context], object]
    prepare: Callable[[World], Contents]
    same: bool = True


def _stored(world: World) -> Contents:
    world.repair()
    return world.live()


def _unlike(world: World) -> Contents:
    world.repair()
    world.drop_kept()
    world.change()
    return world.contents


def _restored(world: World) -> Contents:
    """The former database is kept, and what is live now is like none."""
    if len(names(world.context())) != 1:
        world.drop_kept()
        restore(world.context())
    world.change()
    (former,) = names(world.context())
    database = world.context().backends.database
    database.allow(former)
    return database._rows(former, None).tables


CREATE = Verb("backup create", lambda ctx: create(ctx, accept=("size",)), _stored)
RESTORE = Verb("restore", restore, _unlike)
UNDO = Verb("restore --undo", undo, _restored, same=False)
PRUNE = Verb("backup prune", prune, _stored)
VERBS = {each.name: each for each in (CREATE, RESTORE, UNDO, PRUNE)}
