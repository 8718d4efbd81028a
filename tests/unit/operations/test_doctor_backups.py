from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from platformctl.config.schema import Keep
from platformctl.events import Finding
from platformctl.operations.backup_create import create
from platformctl.operations.context import Context
from platformctl.operations.doctor_backups import examine, window
from platformctl.operations.restore import restore

Environment = Callable[..., Context]


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
    """A store whose own rule deletes after so many days."""

    days: int

    def list(self, prefix: str) -> list[object]:
        return []

    def expiry(self, prefix: str) -> int:
        assert prefix == "shop/local"
        return self.days

    def location(self) -> str:
        return "s3://short"


@pytest.mark.parametrize(("days", "status"), [(185, "fail"), (186, "pass")])
def test_a_rule_of_the_store_that_is_shorter_than_retention_is_found(
    environment: Environment, days: int, status: str
) -> None:
    ctx = environment()
    ctx = replace(ctx, backends=replace(ctx.backends, objects=Short(days)))
    assert window(ctx.config.backup.keep) == 186
    assert found(ctx)["backup.lifecycle"].status == status


def test_the_window_is_that_of_the_longest_rule() -> None:
    assert window(Keep(last=2, daily=30, weekly=1, monthly=0)) == 30
