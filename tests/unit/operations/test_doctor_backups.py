from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from platformctl.config.schema import Keep
from platformctl.errors import PreconditionError
from platformctl.events import Finding
from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.operations.doctor_backups import examine, window
from platformctl.operations.restore import restore
from tests.failures import told

Environment = Callable[..., Context]


def sentence(finding: Finding) -> str:
    return "\n".join((finding.message, finding.evidence, finding.fix)).strip()


def found(ctx: Context) -> dict[str, Finding]:
    return {each.id: each for each in examine(ctx)}


def test_all_is_well_after_a_backup_and_what_a_restore_keeps_is_named(environment: Environment) -> None:
    ctx = environment()
    assert {each.status for each in examine(ctx)} == {"pass"}
    create(ctx)
    kept = restore(environment()).kept
    after = found(environment())
    assert {each.status for each in after.values()} == {"pass"}
    assert after.keys() == {"backup.key", "backup.lifecycle", "backup.kept"}
    assert kept in after["backup.kept"].evidence
    told(50, sentence(after["backup.kept"]))


@pytest.mark.parametrize("text", [None, "AGE-SECRET-KEY-1NONSENSE"])
def test_a_key_that_is_gone_or_unusable_is_found_before_the_night_it_is_needed(
    environment: Environment, text: str | None
) -> None:
    ctx = environment()
    create(ctx)
    key = Path(ctx.backends.keys.location())
    key.unlink() if text is None else key.write_text(text)
    failed = [each for each in examine(environment()) if each.status == "fail"]
    assert len(failed) == 1
    assert str(key) in failed[0].evidence
    assert failed[0].fix


@dataclass
class Short:
    """A store whose own rules delete after so many days, and lock for so many."""

    days: int
    locks: int | None = None

    def list(self, prefix: str) -> list[object]:
        return []

    def expiry(self, prefix: str) -> int:
        assert prefix == "shop/local"
        return self.days

    def lock_days(self) -> int | None:
        return self.locks

    def location(self) -> str:
        return "s3://short"


@pytest.mark.parametrize(("days", "status"), [(185, "fail"), (186, "pass")])
def test_a_rule_of_the_store_that_is_shorter_than_retention_is_found(
    environment: Environment, days: int, status: str
) -> None:
    ctx = environment()
    ctx = replace(ctx, backends=replace(ctx.backends, objects=Short(days)))
    assert window(ctx.config.backup.keep) == 186
    finding = found(ctx)["backup.lifecycle"]
    assert finding.status == status
    if status == "fail":
        told(22, sentence(finding))


@pytest.mark.parametrize(
    ("asked", "days", "by_itself", "status"),
    [
        ("none", None, None, "pass"),
        ("none", None, 0, "pass"),
        ("none", None, 185, "fail"),
        ("governance", 185, 0, "fail"),
        ("governance", 186, 0, "pass"),
        ("governance", 30, 186, "pass"),
        ("governance", 186, None, "fail"),
    ],
)
def test_a_lock_that_ends_before_retention_or_cannot_be_had_is_found(
    environment: Environment, asked: str, days: int | None, by_itself: int | None, status: str
) -> None:
    ctx = environment()
    update = {"kind": "s3", "object_lock": asked, "lock_days": days}
    objects = ctx.config.objects.model_copy(update=update)
    config = ctx.config.model_copy(update={"objects": objects})
    ctx = replace(ctx, config=config, backends=replace(ctx.backends, objects=Short(186, by_itself)))
    finding = found(ctx)["backup.lock"]
    assert finding.status == status
    assert bool(finding.fix) == (status == "fail")


def test_a_store_that_does_not_say_how_it_locks_is_no_failure(environment: Environment) -> None:
    class Silent(Short):
        def lock_days(self) -> int | None:
            raise PreconditionError("the reader of backups may not read how the bucket locks objects")

    ctx = environment()
    config = ctx.config.model_copy(update={"objects": ctx.config.objects.model_copy(update={"kind": "s3"})})
    ctx = replace(ctx, config=config, backends=replace(ctx.backends, objects=Silent(186)))
    assert found(ctx)["backup.lock"].status == "unknown"
    assert found(ctx)["backup.lifecycle"].status == "pass"


def test_the_window_is_that_of_the_longest_rule() -> None:
    assert window(Keep(last=2, daily=30, weekly=1, monthly=0)) == 30
