"""What is printed for cron and systemd is run here by sh, as they would, in a folder with an awkward name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from platformctl.errors import PreconditionError
from platformctl.events import Notice
from platformctl.operations.backup_schedule import schedule
from platformctl.operations.context import Unloaded
from tests.support import Heard, isolate

AWKWARD = """it's 100% "$HOME" & so on"""
NIGHT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}  # all that cron gives, but HOME


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = home / AWKWARD
    found.mkdir()
    (found / "platform.yaml").write_text('platform: shop\nbackup: {schedule: ["02:05", "14:00"]}\n')
    monkeypatch.chdir(found)
    return found


def asked(format: str = "crontab", environment: str = "local", heard: Heard | None = None):
    return schedule(Unloaded(None, environment, heard or Heard()), format)


def of_cron(line: str) -> str:
    return line.split(" ", 5)[5].replace(r"\%", "%")


def test_a_line_of_cron_runs_and_says_what_failed(folder: Path, home: Path) -> None:
    logs = home / "state/platformctl/shop/local/logs"
    logs.mkdir(parents=True)
    comment, *lines = asked().text.splitlines()
    assert comment == "# platformctl shop local"
    assert [each.split()[:5] for each in lines] == [["5", "2", "*", "*", "*"], ["0", "14", "*", "*", "*"]]
    assert all("%" not in each.replace(r"\%", "") for each in lines)
    ended = subprocess.run(
        ["sh", "-c", of_cron(lines[0])],
        env={**NIGHT, "HOME": "/nonexistent"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stderr == ""
    mailed = json.loads(ended.stdout)
    assert (mailed["verb"], mailed["exit_code"]) == ("backup create", 4)
    assert "database does not run" in mailed["error"]["message"]
    said = (logs / "schedule.log").read_text()
    assert said.splitlines()[-1] == ended.stdout.strip()
    assert "backup prune" not in said, "a failure ends the rest"


def test_units_name_everything_whole(folder: Path) -> None:
    units = asked("systemd", "local").units
    written = str(folder).replace("%", "%%")
    quoted = written.replace('"', '\\"')
    assert units["platformctl-shop-local.timer"].splitlines() == [
        "[Unit]",
        "Description=platformctl shop local",
        "",
        "[Timer]",
        "OnCalendar=*-*-* 02:05:00",
        "OnCalendar=*-*-* 14:00:00",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    program = f'ExecStart=:"{sys.executable}" "-P" "-m" "platformctl"'
    assert units["platformctl-shop-local.service"].splitlines() == [
        "[Unit]",
        "Description=platformctl shop local",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={written}",
        f'Environment="XDG_STATE_HOME={os.environ["XDG_STATE_HOME"]}"',
        'Environment="PLATFORMCTL_ENV=local"',
        f'Environment="PLATFORMCTL_FILE={quoted}/platform.yaml"',
        f'{program} "backup" "create" "--output" "json"',
        f'{program} "backup" "prune" "--yes" "--output" "json"',
        f'{program} "backup" "drill" "--all-due" "--output" "json"',
    ]


def test_the_script_installs_the_units_of_its_user(folder: Path, home: Path) -> None:
    programs = home / "bin"
    programs.mkdir()
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$@" >>{home}/asked\n')
    (programs / "systemctl").chmod(0o755)
    made = asked("systemd")
    env = {**NIGHT, "PATH": f"{programs}:{NIGHT['PATH']}", "HOME": str(home)}
    subprocess.run(["sh"], input=made.text, env=env, text=True, check=True, timeout=20)
    installed = home / ".config/systemd/user"
    assert {each.name: each.read_text() for each in installed.iterdir()} == made.units
    assert (home / "asked").read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable --now platformctl-shop-local.timer",
    ]


@pytest.mark.parametrize("format", ["crontab", "systemd"])
def test_no_secret_is_written(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = {"AWS_SECRET_ACCESS_KEY": "c4nary-1", "AWS_SESSION_TOKEN": "c4nary-2", "SECRET": "c4nary-3"}
    plain = {
        "PLATFORMCTL__OBJECTS__KIND": "s3",
        "PLATFORMCTL__OBJECTS__BUCKET": "backups-of-shop",
        "AWS_PROFILE": "night",
    }
    for name, value in (canaries | plain).items():
        monkeypatch.setenv(name, value)
    heard = Heard()
    text = asked(format, heard=heard).text
    assert "c4nary" not in text
    assert all(f"{name}={value}" in text for name, value in plain.items())
    assert [each.text for each in heard.of(Notice)] == [
        "the credentials of this shell are not written: keep them in ~/.aws"
    ]


@pytest.mark.parametrize("format", ["crontab", "systemd"])
@pytest.mark.parametrize("name", ["two\nlines", "back\\slash", "space at its end "])
def test_what_fits_into_no_line_is_refused(
    format: str, name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / name).mkdir()
    monkeypatch.chdir(home / name)
    with pytest.raises(PreconditionError, match="cannot be written down") as caught:
        asked(format)
    assert caught.value.reference == "backup/schedule"


def test_a_line_that_cron_would_cut_is_refused_and_systemd_takes_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORMCTL__BACKUP__METRICS", "/" + "long/" * 200)
    with pytest.raises(PreconditionError, match="cannot be written down") as caught:
        asked()
    assert caught.value.fix == "platformctl backup schedule --format systemd"
    assert asked("systemd").units
