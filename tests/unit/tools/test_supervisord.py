"""The text of the configuration is what supervisord's own parser reads back."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from platformctl.tools import supervisord
from platformctl.tools.supervisord import Program


def parsed(tmp_path: Path, programs: list[Program]):
    (tmp_path / "logs").mkdir()
    text = supervisord.configuration(tmp_path, tmp_path / "s.sock", tmp_path / "logs", programs)
    (tmp_path / "supervisord.conf").write_text(text)
    options = ServerOptions()
    options.realize(["-c", str(tmp_path / "supervisord.conf")])
    return {group.name: group for group in options.process_group_configs}


@pytest.mark.parametrize("name", ["plain", "with space", "50% & more %(here)s", "it's"])
def test_any_path_survives_the_format(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    groups = parsed(folder, [Program("postgres", ("postgres", f"--data={folder}/x"), rank=1, patience=60)])
    (process,) = groups["postgres"].process_configs
    assert shlex.split(process.command) == ["postgres", f"--data={folder}/x"]
    assert process.stdout_logfile == f"{folder}/logs/postgres.log"


def test_copies_share_a_socket_and_know_their_number(tmp_path):
    groups = parsed(tmp_path, [Program("auth", ("run", "auth", "{number}"), 20, 13, port=20001, copies=2)])
    names = {each.name: each for each in groups["auth"].process_configs}
    assert sorted(names) == ["auth-0", "auth-1"]
    assert names["auth-1"].command == "run auth 1"
    assert groups["auth"].socket_config.url == "tcp://127.0.0.1:20001"


def test_nothing_starts_by_itself_and_everything_is_kept_running(tmp_path):
    groups = parsed(tmp_path, [Program("postgres", ("postgres",), 1, 60, stop_signal="INT")])
    (process,) = groups["postgres"].process_configs
    assert process.autostart is False
    assert process.autorestart
    assert process.stopwaitsecs == supervisord.BACKSTOP
    assert process.stopsignal == 2


def test_the_command_gives_supervisord_only_the_named_environment():
    command = supervisord.start("python", Path("/x.conf"), {"A": "1"})
    assert command.argv[:3] == ("env", "-i", "A=1")
    assert command.mutates
