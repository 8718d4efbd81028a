from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from platformctl.config.schema import Backup, PlatformConfig
from platformctl.errors import UnhealthyError
from platformctl.events import Notice
from platformctl.operations.backup_create import create
from platformctl.operations.backup_prune import prune
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from platformctl.shell.rehearsal import RehearsalRunner
from tests.backups import file_of
from tests.database import run
from tests.support import Heard

Measuring = Callable[..., Context]


@pytest.fixture
def measuring(environment: Callable[..., Context], tmp_path: Path) -> Measuring:
    config = PlatformConfig(platform="shop", backup=Backup(metrics=str(tmp_path / "metrics/backup.prom")))
    return lambda runner=None: replace(environment(runner), config=config)


def metrics(ctx: Context) -> dict[str, float]:
    text = Path(ctx.config.backup.metrics).read_text()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert (sample.labels["platform"], sample.labels["environment"]) == ("shop", "local")
            name = sample.name.removeprefix("platformctl_backup_")
            found[name + sample.labels.get("state", "")] = sample.value
    return found


def test_a_backup_writes_what_a_monitor_asks(measuring: Measuring) -> None:
    ctx = measuring()
    made = create(ctx)
    found = metrics(ctx)
    assert found["size_bytes"] == made.size
    assert found["database_size_bytes"] == made.database_size
    assert abs(found["last_success_timestamp_seconds"] - ctx.clock.now()) < 60
    assert (found["countwhole"], found["countsuspect"], found["countbroken"]) == (1, 0, 0)
    assert Path(ctx.config.backup.metrics).stat().st_mode & 0o777 == 0o644


def test_a_restore_proves_what_it_restored(measuring: Measuring) -> None:
    ctx = measuring()
    create(ctx)
    restore(measuring())
    create(measuring())
    found = metrics(ctx)
    assert (found["countproven"], found["countwhole"]) == (1, 1)
    assert found["last_proven_timestamp_seconds"] < found["last_success_timestamp_seconds"]


def test_a_suspect_or_broken_one_is_no_success(measuring: Measuring) -> None:
    ctx = measuring()
    good = create(ctx)
    first = metrics(ctx)["last_success_timestamp_seconds"]
    run(ctx, "DELETE FROM items.items; DELETE FROM items.log")
    with pytest.raises(UnhealthyError) as raised:
        create(measuring())
    file_of(ctx, raised.value.data.id, "manifest.json").write_text("cut")
    with pytest.raises(UnhealthyError):
        create(measuring())
    found = metrics(ctx)
    assert (found["countwhole"], found["countsuspect"], found["countbroken"]) == (1, 1, 1)
    assert found["last_success_timestamp_seconds"] == first
    assert good.level == "checked"


def test_pruning_writes_them_and_a_rehearsal_does_not(measuring: Measuring) -> None:
    ctx = measuring()
    create(ctx)
    file = Path(ctx.config.backup.metrics)
    file.unlink()
    prune(measuring(RehearsalRunner(Heard())))
    assert not file.exists()
    prune(measuring())
    assert metrics(ctx)["countwhole"] == 1


def test_metrics_that_cannot_be_written_fail_no_backup(measuring: Measuring, tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a file where the folder should be")
    ctx = measuring()
    assert create(ctx).level == "checked"
    assert any("metrics were not written" in each.text for each in ctx.report.of(Notice))
