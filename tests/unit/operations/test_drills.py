"""Which results of drills count, and what they make of a backup: proven, suspect, or neither."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from platformctl.backends.keys import signing
from platformctl.config.schema import Backup, Keep, PlatformConfig
from platformctl.errors import BackupError, PreconditionError, RestoreRefusedError
from platformctl.events import Narrated, Notice
from platformctl.operations import catalogue, drill_record, drills
from platformctl.operations.backup_create import create
from platformctl.operations.backup_drill import NotDue, drill
from platformctl.operations.backup_list import Listed, list_backups
from platformctl.operations.backup_prune import prune
from platformctl.operations.backup_show import show
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Contract, Result
from platformctl.shell.rehearsal import RehearsalRunner
from tests.support import Heard

Environment = Callable[..., Context]
DAY = 86400.0


def result(ctx: Context, backup: str, **changes: object) -> Result:
    made = Result(
        format=1,
        kind="drill",
        backup=drills.of(catalogue.require_whole(ctx, catalogue.find(ctx, backup))),
        at=ctx.clock.now(),
        made_with="0.1.0",
        release="0123456789ab",
        secluded=True,
        outcome="passed",
        why="",
        seconds={"load": 1.5},
        contract=Contract(passed=30, failed=0, unknown=0),
    )
    return made.model_copy(update=changes)


def recorded(ctx: Context, backup: str, **changes: object) -> Path:
    key = drills.write(ctx, catalogue.find(ctx, backup), result(ctx, backup, **changes))
    return Path(ctx.backends.objects.location()) / key


def listed(ctx: Context) -> Listed:
    return list_backups(ctx).backups[0]


def notices(ctx: Context) -> str:
    return " ".join(each.text for each in ctx.report.of(Notice))


def test_a_drill_that_passed_makes_a_backup_proven(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx).id
    recorded(ctx, made, at=0.0)
    assert (listed(ctx).state, listed(ctx).note) == ("proven", "drill of 1970-01-01 00:00:00 UTC")
    (shown,) = show(ctx, made).drills
    assert (shown.how, shown.outcome, shown.seconds, shown.contract) == ("drill", "passed", 1.5, "30 of 30")


def test_the_newest_result_decides(environment: Environment) -> None:
    ctx = environment()
    made, now = create(ctx).id, ctx.clock.now()
    recorded(ctx, made, at=now - 20)
    recorded(ctx, made, at=now - 10, outcome="failed", why="auth-0 died")
    assert listed(ctx).state == "suspect"
    assert "auth-0 died" in listed(ctx).note
    recorded(ctx, made, at=now)
    assert listed(ctx).state == "proven"


def test_latest_passes_over_a_backup_whose_drill_failed_and_says_so(environment: Environment) -> None:
    ctx = environment()
    older, newer = create(ctx).id, create(ctx).id
    recorded(ctx, newer, outcome="failed", why="auth-0 died")
    assert catalogue.find(ctx, "latest").id == older
    assert f"passed over backup {newer}" in notices(ctx)
    assert "auth-0 died" in notices(ctx)


def forged_by_the_signer_of_backups(ctx: Context, document: Result) -> bytes:
    return drill_record.render(document, ctx.backends.keys.sign)


def by_a_stranger(ctx: Context, document: Result) -> bytes:
    return drill_record.render(document, partial(signing.sign, signing.generate(), purpose=signing.RESULT))


def unsigned(ctx: Context, document: Result) -> bytes:
    body = json.dumps(document.model_dump(mode="json")).encode() + b"\n"
    return body + hashlib.sha256(body).hexdigest().encode() + b"\n"


def of_a_flipped_bit(ctx: Context, document: Result) -> bytes:
    raw = bytearray(drill_record.render(document, ctx.backends.keys.sign_result))
    raw[len(raw) // 2] ^= 1
    return bytes(raw)


def of_another_backup(ctx: Context, document: Result) -> bytes:
    other = document.model_copy(update={"backup": document.backup.model_copy(update={"data": "0" * 64})})
    return drill_record.render(other, ctx.backends.keys.sign_result)


def of_nothing(ctx: Context, document: Result) -> bytes:
    return b""


FORGERIES = (
    forged_by_the_signer_of_backups,
    by_a_stranger,
    unsigned,
    of_a_flipped_bit,
    of_another_backup,
    of_nothing,
)


def test_a_result_that_is_not_to_be_trusted_counts_as_none_and_is_told(environment: Environment) -> None:
    made = create(environment()).id
    for outcome, forge in product(("passed", "failed"), FORGERIES):
        ctx = environment()
        path = recorded(ctx, made, outcome=outcome)
        path.write_bytes(forge(ctx, result(ctx, made, outcome=outcome)))
        assert listed(ctx).state == "whole", forge
        assert f"{path.name} counts as no drill" in notices(ctx), forge
        path.unlink()


def test_the_signer_of_drills_cannot_claim_a_backup(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx).id
    recorded(ctx, made)
    assert ctx.backends.keys.sign_result(b"x").signer not in ctx.backends.keys.trusted()
    raw = next(Path(ctx.backends.objects.location()).rglob("drills/*")).read_bytes()
    with pytest.raises(BackupError) as raised:
        drill_record.parse(raw, ctx.backends.keys.trusted())
    assert raised.value.reference == "drill/signature"


def test_a_name_that_no_drill_has_is_not_looked_at(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx).id
    path = recorded(ctx, made, outcome="failed", why="x")
    path.rename(path.with_name("notes.json"))
    assert listed(ctx).state == "whole"


def test_retention_keeps_the_newest_proven_and_does_not_count_a_failed_one(environment: Environment) -> None:
    ctx = environment()
    few = Backup(keep=Keep(last=2, daily=0, weekly=0, monthly=0))
    config = PlatformConfig(platform="shop", backup=few)
    made = [create(ctx).id for _ in range(6)]
    recorded(ctx, made[0])
    recorded(ctx, made[5], outcome="failed", why="x")
    pruned = prune(replace(environment(), config=config))
    why = {each.id: each.why for each in pruned.kept}
    assert why[made[0]] == "newest proven"
    assert [why[made[4]], why[made[3]]] == ["newest", "newest"]
    assert "not good" in why[made[5]]
    assert not list(Path(ctx.backends.objects.location()).rglob(f"{made[1]}"))


@pytest.mark.parametrize(("days", "due"), [(2.9, False), (3.1, True)])
def test_a_drill_is_due_when_none_passed_for_as_long_as_was_set(
    environment: Environment, days: float, due: bool
) -> None:
    ctx = environment()
    create(ctx)
    made = create(ctx).id
    create(ctx)
    recorded(ctx, made, at=ctx.clock.now() - days * DAY)
    config = PlatformConfig(platform="shop", backup=Backup(drill_days=3))
    found = drill(replace(environment(RehearsalRunner(Heard())), config=config), all_due=True)
    assert (found is None) == due  # a rehearsal of a drill answers nothing
    assert due or (isinstance(found, NotDue) and found.backup == made)


@pytest.mark.parametrize("changes", [{"outcome": "failed", "why": "x"}, {"kind": "restore"}])
def test_a_drill_that_failed_and_a_restore_leave_it_due(
    environment: Environment, changes: dict[str, object]
) -> None:
    ctx = environment()
    create(ctx)
    recorded(ctx, create(ctx).id, **changes)
    assert drill(environment(RehearsalRunner(Heard())), all_due=True) is None


def test_without_a_good_backup_there_is_nothing_to_drill(environment: Environment) -> None:
    with pytest.raises(PreconditionError) as raised:
        drill(environment())
    assert raised.value.reference == "backup/none"
    with pytest.raises(RestoreRefusedError) as unknown:
        drill(environment(), "nothing")
    assert unknown.value.reference == "backup/unknown"


def test_a_rehearsal_tells_and_does_nothing(environment: Environment) -> None:
    made = create(environment()).id
    ctx = environment(RehearsalRunner(Heard()))
    assert drill(ctx) is None
    assert made in str(ctx.report.of(Narrated))
    assert listed(environment()).state == "whole"
