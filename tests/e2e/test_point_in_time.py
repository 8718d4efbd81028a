"""Back to a moment between two backups, on the whole platform, by the command line."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.life import PASSWORD, PATIENT, PEOPLE, SURE, Api, Life
from tests.e2e.test_runbook import follow
from tests.environment import SINGLE, Environment
from tests.support import context

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def life(make_environment: Any, monkeypatch: pytest.MonkeyPatch) -> Life:
    """A platform that ran already when point in time was turned on."""
    environment: Environment = make_environment(**PATIENT, **SINGLE)
    assert environment.run("up").code == 0
    environment.variables["PLATFORMCTL__BACKUP__POINT_IN_TIME"] = "true"
    for name, value in environment.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(environment.work)
    made = Life(environment, context())
    made.populate()
    return made


def moment() -> str:
    """The present, with a moment on either side of which nothing is written."""
    time.sleep(0.1)
    now = datetime.now(UTC)
    time.sleep(0.1)
    return now.isoformat()


def test_what_was_destroyed_comes_back_and_what_cannot_be_reached_is_refused(life: Life) -> None:
    environment = life.environment
    archive = environment.state / "point-in-time"

    refused = environment.run("backup", "create")  # PostgreSQL was not restarted yet
    assert refused.code == 1
    assert len(environment.run("backup", "list").data["backups"]) == 2  # with that of the first up
    assert refused.answer["error"]["reference"] == "backup/base"
    findings = environment.run("doctor").answer["findings"]
    assert {each["id"]: each["status"] for each in findings}["backup.point_in_time"] == "fail"
    assert environment.run("up").data["changed"] is True
    before_any = moment()
    assert environment.run("backup", "create").code == 0
    assert archive.stat().st_mode & 0o077 == 0
    assert environment.run("doctor").code == 0

    ada = Api(environment, PEOPLE[0], PASSWORD)
    ada.call("POST", "/items/", {"title": "written after the backup"})
    good, then = life.rows(), moment()
    life.execute("DELETE FROM items.items; DELETE FROM users.users WHERE email LIKE 'bob%'")
    destroyed = life.rows()

    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for outside in (before_any, ahead):
        ended = environment.run("restore", "--at", outside, *SURE)
        assert ended.code == 4
        assert ended.answer["error"]["reference"] == "restore/at-window"
    for nonsense in (("--at", "noon"), ("--at", "2026-11-25T10:00:00"), ("latest", "--at", then)):
        assert environment.run("restore", *nonsense, *SURE).code == 2
    assert life.rows() == destroyed

    assert environment.run("restore", "--at", then, "--dry-run").code == 0
    assert life.rows() == destroyed
    shown = follow(environment, "E", {"MOMENT": then})
    assert "to any moment from" in " ".join(shown[0].split())
    assert "healthy  yes" in shown[-1]
    assert life.rows() == good
    assert sorted(each.name for each in archive.iterdir()) == ["bases", "wal"]
    assert environment.run("restore", "--undo", *SURE).code == 0
    assert life.rows() == destroyed

    newest(archive).unlink()
    ended = environment.run("restore", "--at", then, *SURE)
    assert ended.code == 4
    assert ended.answer["error"]["reference"] == "restore/at-missing"
    assert life.rows() == destroyed


def newest(archive: Path) -> Path:
    """Of the segments that are archived."""
    return max(each for each in (archive / "wal").glob("*.gz") if len(each.name) == 27)
