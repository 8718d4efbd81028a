"""Backups are deleted by the policy, each one whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platformctl.config.schema import Backup, Keep, PlatformConfig
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_prune import prune
from platformctl.operations.backup_verify import verify
from platformctl.operations.catalogue import MANIFEST
from platformctl.operations.context import Context
from platformctl.shell.rehearsal import RehearsalRunner
from tests.backups import read, write
from tests.failures import told
from tests.killing import boundaries
from tests.support import Heard

Environment = Callable[..., Context]
FEW = PlatformConfig(platform="shop", backup=Backup(keep=Keep(last=2, daily=2, weekly=0, monthly=0)))


@pytest.fixture
def few(environment: Environment) -> Environment:
    """Each call is a new run under a policy that keeps little."""
    return lambda runner=None: replace(environment(runner), config=FEW)


def place(ctx: Context, backup_id: str) -> Path:
    (found,) = Path(ctx.backends.objects.location()).glob(f"shop/local/*/{backup_id}")
    return found


def older(ctx: Context, made: str, days: int) -> str:
    """A whole copy of a backup that says to be of `days` ago."""
    source = place(ctx, made)
    made_then = read(ctx, source / MANIFEST)
    at = made_then.taken_at - days * 86400
    name = f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}-{days:06x}"
    shutil.copytree(source, source.with_name(name))
    update = {"id": name, "taken_at": at, "sequence": -days}
    write(ctx, source.with_name(name) / MANIFEST, made_then.model_copy(update=update))
    return name


def listed(ctx: Context) -> list[str]:
    return [each.id for each in list_backups(ctx).backups]


def test_the_policy_decides_and_what_is_left_is_whole(few: Environment) -> None:
    ctx = few()
    newest = create(ctx).id
    ages = {days: older(ctx, newest, days) for days in (1, 2, 3, 9)}
    pruned = prune(ctx)
    # two newest, which are two days as well, and one beyond them
    assert listed(ctx) == [newest, ages[1], ages[2]]
    assert pruned.deleted == (ages[3], ages[9])
    assert {each.id: each.why for each in pruned.kept}[ages[2]] == "beyond the window"
    assert pruned.freed > 1000
    assert not list(Path(ctx.backends.objects.location()).glob(f"shop/local/*/{ages[9]}"))
    assert verify(ctx, every=True).damaged == ()
    assert prune(ctx).deleted == ()


def test_a_rehearsal_names_the_same_and_deletes_nothing(few: Environment) -> None:
    ctx = few()
    newest = create(ctx).id
    for days in (1, 2, 3):
        older(ctx, newest, days)
    before = listed(ctx)
    rehearsed = prune(few(RehearsalRunner(Heard())))
    assert listed(ctx) == before
    assert prune(ctx).deleted == rehearsed.deleted != ()


def test_a_damaged_backup_does_not_count_and_goes_once_it_is_replaced(few: Environment) -> None:
    ctx = few()
    newest = create(ctx).id
    oldest, broken = older(ctx, newest, 3), older(ctx, newest, 2)
    (place(ctx, broken) / MANIFEST).write_bytes(b"cut")
    assert prune(ctx).deleted == ()  # only one good one is newer
    second = older(ctx, newest, 1)
    assert prune(ctx).deleted == (broken,)
    assert listed(ctx) == [newest, second, oldest]


def test_a_manifest_that_cannot_be_read_is_no_reason_to_delete(few: Environment) -> None:
    ctx = few()
    newest = create(ctx).id
    ages = [older(ctx, newest, days) for days in (1, 2, 3)]
    unread = place(ctx, ages[2]) / MANIFEST
    unread.unlink()
    unread.symlink_to("/proc/self/mem")  # opens, and answers the first read with an I/O error
    pruned = prune(ctx)
    assert pruned.deleted == ()
    why = {each.id: each.why for each in pruned.kept}[ages[2]]
    assert why == "could not be read"
    told(19, why)


def test_killed_at_any_change_it_leaves_whole_backups_and_the_next_run_finishes(few: Environment) -> None:
    ctx = few()
    newest = create(ctx).id
    wanted = [newest, older(ctx, newest, 1), older(ctx, newest, 2)]
    kills = 0
    older(ctx, newest, 3)
    for _ in boundaries(few, prune):
        kills += 1
        assert verify(ctx, every=True).damaged == ()
        assert listed(ctx)[:3] == wanted
        older(ctx, newest, 3 + kills)
    assert kills > 4
    prune(few())
    assert listed(ctx) == wanted
    assert len(list(place(ctx, newest).parent.iterdir())) == 3
