"""An empty machine: with the backups and their key alone, two commands bring everything back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.environment import Environment


@pytest.fixture
def lost(small: Environment, make_small, tmp_path: Path):
    """Backups and a copy of the key; the machine that made them is gone. Answers how to ask a new one."""
    made = small.run("backup", "create").data
    saved = tmp_path / "saved"
    shutil.copytree(made["location"].rpartition("/shop/")[0], saved / "bucket")
    shutil.copy(made["key"], saved / "backup.key")
    small.end()
    return made["id"], saved


@pytest.fixture
def empty(make_small, tmp_path: Path, lost: tuple[str, Path]) -> Environment:
    """A machine that knows only the name, the bucket and the key."""
    _, saved = lost
    return make_small(
        tmp_path / "empty",
        PLATFORMCTL__OBJECTS__DIRECTORY=str(saved / "bucket"),
        PLATFORMCTL__BACKUP__KEY=str(saved / "backup.key"),
    )


def test_bucket_and_key_are_enough(lost: tuple[str, Path], empty: Environment) -> None:
    backup, _ = lost
    listed = empty.run("backup", "list").data["backups"]
    assert [each["state"] for each in listed] == ["whole", "whole"]
    assert listed[0]["id"] == backup
    restored = empty.run("restore", "--yes", "--confirm", "local").data
    assert restored["backup"] == backup
    assert empty.run("health").code == 0
    # what is made here afterwards is signed by another signer, and is read beside the old ones
    assert empty.run("backup", "create").data["level"] == "checked"
    assert {each["state"] for each in empty.run("backup", "list").data["backups"]} == {"whole", "foreign"}


def test_without_the_key_nothing_is_brought_up(lost: tuple[str, Path], empty: Environment) -> None:
    empty.variables["PLATFORMCTL__BACKUP__KEY"] = str(lost[1] / "other.key")
    ended = empty.run("restore", "--yes", "--confirm", "local")
    assert ended.code == 4
    assert ended.answer["error"]["reference"] == "keys/unusable"
    del empty.variables["PLATFORMCTL__BACKUP__KEY"]
    ended = empty.run("restore", "--yes", "--confirm", "local")
    assert ended.code == 4
    error = ended.answer["error"]
    assert "nobody is trusted here yet" in error["cause"]
    assert "put the key of the backups into" in error["fix"]
    assert not empty.state.exists() or not (empty.state / "postgres").exists()


def test_damaged_data_is_told_before_anything_is_brought_up(
    lost: tuple[str, Path], empty: Environment
) -> None:
    backup, saved = lost
    (data,) = saved.rglob(f"{backup}/data*")
    data.write_bytes(data.read_bytes()[:-1])
    ended = empty.run("restore", "--yes", "--confirm", "local")
    assert ended.code != 0
    assert ended.answer["error"]["reference"] == "backup/damaged"
    assert not (empty.state / "postgres").exists()


def test_a_rehearsal_brings_nothing_up(lost: tuple[str, Path], empty: Environment) -> None:
    ended = empty.run("restore", "--dry-run")
    assert ended.code == 0, ended.out + ended.err
    assert f"restore backup {lost[0]} into it" in ended.out
    assert not (empty.state / "postgres").exists()
