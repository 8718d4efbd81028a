"""Stopping keeps the data; purging deletes it for who names the environment, and backups not by itself."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

from tests.terminal import on_terminal


def test_down_stops_everything_and_up_finds_the_data_again(lasting):
    assert lasting.run("down").data["stopped"] is True
    assert lasting.processes() == []
    assert (lasting.state / "postgres").is_dir()
    assert lasting.run("up").code == 0
    assert lasting.run("health").code == 0


def test_down_without_a_platform_does_nothing(make_small):
    assert make_small().run("down").data["stopped"] is False


def test_purge_without_the_name_is_declined_and_deletes_nothing(lasting):
    for words in ((), ("--yes",), ("--yes", "--confirm", "other")):
        assert lasting.run("down", "--purge", *words).code == 6
    assert lasting.run("health").code == 0


def test_purge_deletes_the_state_and_keeps_the_backups(small):
    location = Path(small.run("backup", "list").data["location"])
    done = small.run("down", "--purge", "--yes", "--confirm", "local").data
    assert done["purged"] is True
    assert done["backups_deleted"] == 0
    assert list(location.rglob("manifest.json"))
    left = {each.name for each in small.state.rglob("*")}
    assert left <= {"audit.jsonl", "lock.guard"}


def test_a_purge_that_was_broken_off_is_finished_by_the_next(small):
    small.run("down")
    for name in ("origin.json", "secrets.key", "ports.json"):
        (small.state / name).unlink()
    done = small.run("down", "--purge", "--yes", "--confirm", "local").data
    assert (done["stopped"], done["purged"]) == (False, True)
    assert {each.name for each in small.state.rglob("*")} <= {"audit.jsonl", "lock.guard"}


def test_a_purge_that_fails_leaves_the_mark_of_whose_the_rest_is(small, tmp_path):
    for number in range(5):
        (small.state / f"link-{number}").symlink_to(tmp_path, target_is_directory=True)
    assert small.run("down", "--purge", "--yes", "--confirm", "local").code == 1
    assert (small.state / "origin.json").exists()
    for link in small.state.glob("link-*"):
        link.unlink()
    assert small.run("down", "--purge", "--yes", "--confirm", "local").data["purged"] is True


def test_processes_are_stopped_when_the_mark_of_their_environment_is_gone(small):
    (small.state / "origin.json").unlink()
    assert small.run("down").data["stopped"] is True
    assert small.processes() == []


def test_backups_go_only_with_their_own_option(small):
    location = Path(small.run("backup", "list").data["location"])
    assert small.run("down", "--with-backups", "--yes", "--confirm", "local").code == 2
    done = small.run("down", "--purge", "--with-backups", "--yes", "--confirm", "local").data
    assert done["backups_deleted"] == 1
    assert not list(location.rglob("manifest.json"))


def test_backups_are_asked_about_separately(lasting):
    listed = lasting.run("backup", "list").data
    location, kept = Path(listed["location"]), len(listed["backups"])
    purge = (sys.executable, "-P", "-m", "platformctl", "down", "--purge", "--with-backups")
    answers = {"to go ahead: ": "local\n", "[y/N]": "no\n"}
    with contextlib.chdir(lasting.work):
        code, shown = on_terminal(purge, answers, env={**lasting.environ(), "TERM": "xterm"})
    assert code == 6
    question = shown.partition("to go ahead: ")[2]
    assert f"Delete its backups and their key too ({kept}, in {location})?" in " ".join(question.split())
    assert lasting.run("health").code == 0
    assert list(location.rglob("manifest.json"))


def test_a_purged_environment_starts_anew_and_takes_back_its_kept_backup(small):
    purged = small.run("down", "--purge", "--yes", "--confirm", "local").data
    up, into_foreign = purged["next_steps"]
    assert small.run(*up.split()[1:]).data["password"]
    assert small.run("health").code == 0
    command = (sys.executable, "-P", "-m", *into_foreign.split())
    with contextlib.chdir(small.work):
        code, shown = on_terminal(command, {"to go ahead: ": "local\n"}, env=small.environ())
    assert code == 0, shown
    plan, _, result = shown.partition("to go ahead: ")
    kept = re.search(r"^kept +(\S+)", result, re.MULTILINE)[1]
    assert kept in plan  # what was agreed to by name is what was made
