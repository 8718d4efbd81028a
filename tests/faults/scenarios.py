"""The verbs that are broken, what each starts from, and what must hold of live data afterwards."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from platformctl.backends.database.facts import Proof
from tests.faults.world import Done, World

SURE = ("--yes", "--confirm", "local")
SOUND = ("whole", "proven")
SESSIONS = ("auth.refresh_families", "auth.reset_tokens", "auth.feed")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Scenario:
    """`prepare` makes the start of each trial; `lost` tells what the fault did to live data."""

    name: str
    argv: tuple[str, ...]
    prepare: Callable[[World], None] = lambda world: None
    lost: Callable[[World, Done, Proof], Iterator[str]] = lambda world, done, before: iter(())
    runs: bool = True  # whether the platform runs at the start, so that its data can be looked at
    kept: bool = True  # whether there is data before that must be the same afterwards
    notes: dict[str, Proof] = field(default_factory=dict)


def _changed_settings(world: World) -> None:
    """Another value for each trial, so that there is something to deploy."""
    world.configure(drain_seconds=1 + next(_NUMBERS) % 50)


def _stopped(world: World) -> None:
    world.run("down", "--yes")


def _purged(world: World) -> None:
    """Its backups too, as in `_no_backups`."""
    world.run("down", "--purge", "--with-backups", *SURE)


def _no_backups(world: World) -> None:
    """Or each trial would list those of all trials before it."""
    shutil.rmtree(world.backups())


def _more_rows(world: World) -> None:
    world.execute(f"INSERT INTO items.marks VALUES ({next(_NUMBERS)})")


def _unsound_backups(world: World, done: Done, before: Proof) -> Iterator[str]:
    """Every backup that is listed is whole to its last byte, and one that was reported is listed."""
    listed = _listed(world)
    if done.code == 0 and (not listed or listed[0]["id"] not in done.out + done.err):
        yield f"a backup was reported, and the newest is not it: {done.out}"
    yield from (f"backup {each['id']} is {each['state']}" for each in listed if each["state"] not in SOUND)
    if listed:
        world.run("backup", "verify", "--all")


def _unsound_afterwards(world: World, done: Done, before: Proof) -> Iterator[str]:
    """Looking that breaks off damages nothing and calls nothing damaged."""
    yield from (
        f"backup {each['id']} is {each['state']}" for each in _listed(world) if each["state"] not in SOUND
    )


def _one_too_many(world: World) -> None:
    """Of one day the newest two stay, and one beyond them."""
    while len(_listed(world)) < 4:
        world.run("backup", "create", "--yes")


def _fewer_than_kept(world: World, done: Done, before: Proof) -> Iterator[str]:
    listed = _listed(world)
    yield from (f"backup {each['id']} is {each['state']}" for each in listed if each["state"] not in SOUND)
    if len(listed) < 3 or (done.code == 0 and len(listed) != 3):
        yield f"three backups were to stay, and {len(listed)} did: {done.out}"
    world.run("backup", "verify", "--all")


def _listed(world: World) -> list[dict[str, str]]:
    return world.run("backup", "list", "--output", "json").data["backups"]


def _unlike_both(world: World, done: Done, before: Proof) -> Iterator[str]:
    """The live database is the former one or the backup, whole; the backup when the verb says so."""
    now = essence(world.proof())
    backup = essence(RESTORE.notes["backup"])
    if now not in (essence(before), backup):
        yield "the live database is neither the former one nor the backup"
    elif done.code == 0 and now != backup:
        yield "restore ended well, and the live database is not the backup"


def essence(proof: Proof) -> tuple[object, ...]:
    """All rows and definitions; of the tables that `auth.end_all_sessions()` writes only how many rows."""
    rows = {name: each.count if name in SESSIONS else each for name, each in proof.tables.items()}
    return rows, proof.schema_text


def backed_up(world: World) -> None:
    """What restore starts from: rows that the newest backup has; `_more_rows` adds some that it has not."""
    world.execute("CREATE TABLE IF NOT EXISTS items.marks (number int)")
    world.run("backup", "create", "--yes")
    world.execute("INSERT INTO items.marks VALUES (0)")
    world.run("backup", "create", "--yes")
    RESTORE.notes["backup"] = world.proof()


def _apart(world: World) -> None:
    """No database of the trial before is in the way."""
    if _listed_beside(world):
        world.run("restore", "--drop", "yesterday", *SURE)


def _half_made(world: World, done: Done, before: Proof) -> Iterator[str]:
    """The live database is as it was; the one beside it is not there, or holds all that was asked for."""
    if world.proof() != before:
        yield "the live database is not what it was before"
    made = "yesterday" in world.databases()
    if done.code == 0 and not made:
        yield "restore --as ended well, and there is no such database"
    if made != bool(_listed_beside(world)):
        yield "what status says about the database beside the live one is not so"
    wanted = RESTORE.notes["backup"].tables["items.marks"]
    if made and world.proof("yesterday").tables["items.marks"] != wanted:
        yield "the database beside the live one does not hold the rows of the backup"
    _apart(world)  # the next run makes it again


def _listed_beside(world: World) -> list[dict[str, str]]:
    return world.run("status", "--output", "json").data["beside_live"]


AS = ("restore", "latest", "--as", "yesterday", "--table", "items.marks")
BESIDE = Scenario("restore --as", AS, _apart, _half_made)


def _two_backups(world: World) -> None:
    """A drill that fails makes the newest suspect; the next run takes the one before."""
    _no_backups(world)
    world.run("backup", "create", "--yes")
    world.run("backup", "create", "--yes")


def _half_drilled(world: World, done: Done, before: Proof) -> Iterator[str]:
    """Proven only if the drill says so, suspect only if it says that; never anything but that one."""
    states = [each["state"] for each in _listed(world)]
    wanted = {0: ["proven", "whole"], 5: ["suspect", "whole"]}.get(done.code)
    if states != wanted and (wanted or any(each not in SOUND for each in states)):
        yield f"after exit code {done.code} the backups are {states}: {done.err[-600:]}"


def _just_restored(world: World) -> None:
    """The backup is live, and a former database with one row more is kept."""
    backed_up(world)
    _more_rows(world)
    UNDO.notes["former"] = world.proof()
    world.run(*RESTORE.argv)


def _unlike_former(world: World, done: Done, before: Proof) -> Iterator[str]:
    now, former = essence(world.proof()), essence(UNDO.notes["former"])
    if now not in (essence(before), former):
        yield "the live database is neither the restored one nor the former"
    elif done.code == 0 and now != former:
        yield "undo ended well, and the live database is not the former one"


RESTORE = Scenario("restore", ("restore", "latest", *SURE), _more_rows, _unlike_both, kept=False)
UNDO = Scenario("restore --undo", ("restore", "--undo", *SURE), _just_restored, _unlike_former, kept=False)
ON_BACKUPS = (RESTORE, BESIDE)  # these start from `backed_up`
SCENARIOS = {
    each.name: each
    for each in (
        Scenario("health", ("health",)),
        Scenario("backup create", ("backup", "create", "--yes"), _no_backups, _unsound_backups),
        Scenario("backup prune", ("backup", "prune", "--yes"), _one_too_many, _fewer_than_kept),
        Scenario("backup verify", ("backup", "verify", "--all"), _two_backups, _unsound_afterwards),
        Scenario("backup drill", ("backup", "drill", "--yes"), _two_backups, _half_drilled),
        RESTORE,
        BESIDE,
        UNDO,
        Scenario("deploy", ("deploy", "--yes"), _changed_settings),
        Scenario("up", ("up", "--yes"), _stopped, runs=False),
        Scenario("first up", ("up", "--yes"), _purged, runs=False, kept=False),
    )
}
