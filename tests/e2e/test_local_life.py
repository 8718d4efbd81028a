"""Item 3 of the first step: people's data through backup, damage, restore, undo, and every kill."""

from __future__ import annotations

import os
import time
import urllib.error
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.life import PATIENT, SURE, Life
from tests.environment import Environment
from tests.faults.runner import Plan

pytestmark = pytest.mark.timeout(900)


def test_rows_and_tables_that_were_lost_come_back_and_the_way_is_reversible(life: Life) -> None:
    environment = life.environment
    old_token = life.superuser()
    before, rows = life.superuser().everything(), life.rows()
    backup = environment.run("backup", "create").data
    assert backup["level"] == "checked"
    life.execute("DELETE FROM users.users WHERE email = 'bob@example.com'; DROP TABLE items.items CASCADE")
    damaged = life.rows()
    with pytest.raises(urllib.error.HTTPError):
        life.superuser().call("GET", "/items/")

    restored = environment.run("restore", "latest", *SURE)
    assert restored.data["backup"] == backup["id"]
    assert life.rows() == rows
    assert life.superuser().everything() == before
    assert environment.run("health").code == 0
    with pytest.raises(urllib.error.HTTPError) as refused:
        old_token.call("GET", "/users/me")
    assert refused.value.code == 401

    assert environment.run("restore", "--undo", *SURE).code == 0
    assert life.rows() == damaged
    assert environment.run("restore", "--undo", *SURE).code == 0
    assert life.rows() == rows
    assert life.superuser().everything() == before


SECOND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, compatible_from = "9999", "{head}", "0001"


def upgrade() -> None:
    op.add_column("items", sa.Column("note", sa.Text), schema="items")
"""


def test_a_service_that_is_ahead_of_the_others_is_restored_to_its_own_schema(make_environment: Any) -> None:
    environment: Environment = make_environment(editable=True, **PATIENT)
    assert environment.run("up").code == 0
    versions = environment.services / "services/items/migrations/versions"
    head = max(each.name for each in versions.glob("[0-9]*.py"))[:4]
    (versions / "9999_note.py").write_text(SECOND.format(head=head))
    assert environment.run("deploy", "items").data["migrations"] == ["items 9999"]
    environment.run("backup", "create")
    assert environment.run("restore", "latest", *SURE).code == 0
    assert environment.run("restore", "--undo", *SURE).code == 0
    assert environment.run("health").code == 0


def test_a_switch_under_load_fails_no_request(life: Life) -> None:
    """Signing in again is asked for, so 401 is an answer; a broken connection or a 5xx is none."""
    import threading

    life.environment.run("backup", "create")
    answers: dict[object, int] = {}
    stop = threading.Event()
    superuser = life.superuser()

    def ask() -> None:
        while not stop.is_set():
            try:
                superuser.call("GET", "/items/")
                answer: object = 200
            except urllib.error.HTTPError as error:
                answer = error.code
            except OSError as error:
                answer = repr(error)
            answers[answer] = answers.get(answer, 0) + 1
            time.sleep(0.02)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for each in clients:
        each.start()
    try:
        done = life.environment.run("restore", *SURE)
        time.sleep(1)
    finally:
        stop.set()
        for each in clients:
            each.join()
    assert done.code == 0, done.err
    assert set(answers) <= {200, 401}, answers
    print(f"{answers}, requests waited {done.data['waited']} s")


def test_a_backup_killed_at_any_change_is_no_backup_or_a_whole_one(life: Life, tmp_path: Path) -> None:
    environment = life.environment
    for number in life.changes(tmp_path / "log", "backup", "create"):
        assert life.killed(Plan(os.devnull, number, "kill-after"), "backup", "create") == -9, number
        listed = environment.run("backup", "list").data["backups"]
        assert [each["state"] for each in listed] == ["whole"] * len(listed)
    environment.run("backup", "create")
    assert environment.run("backup", "verify", "--all").code == 0
    folder = Path(environment.run("backup", "list").data["location"])
    assert {each.name for each in folder.rglob("*") if each.is_file()} == {
        "data.pgc.zst.age",
        "manifest.json",
    }


def test_a_restore_killed_at_any_change_leaves_the_old_or_the_new_data(life: Life, tmp_path: Path) -> None:
    environment = life.environment
    environment.run("backup", "create")
    whole = life.rows()
    outcomes = set()
    for number in life.changes(tmp_path / "log", "restore", *SURE):
        life.execute("DELETE FROM items.items WHERE title LIKE 'ada%'")
        damaged = life.rows()
        assert life.killed(Plan(os.devnull, number, "kill-after"), "restore", *SURE) == -9, number
        found = environment.run("up")
        assert found.code == 0, found.err
        rows = life.rows()
        assert rows in (whole, damaged), number
        assert environment.run("health").code == 0, number
        outcomes.add(rows == whole)
        count = life.superuser().call("GET", "/items/")["count"]
        assert count == (30 if rows == whole else 20)
    assert outcomes == {True, False}
    assert environment.run("restore", *SURE).code == 0
    assert life.rows() == whole
    assert life.leftovers() == []
