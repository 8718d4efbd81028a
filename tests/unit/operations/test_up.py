"""Bringing up under adverse conditions: each is told in words, and nothing is lost."""

from __future__ import annotations

import copy
import json
import os
import shutil
import socket
import subprocess
import sys

import psutil
import pytest

from tests.environment import free_port

AS_ROOT = os.geteuid() == 0


def test_a_port_in_use_gives_the_next_free_one_and_says_so(make_small):
    environment = make_small()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", environment.port))
        taken.listen()
        up = environment.run("up")
    assert up.data["gateway"] != f"http://127.0.0.1:{environment.port}"
    assert f"port {environment.port} is in use" in up.err
    assert environment.run("health").code == 0
    assert environment.run("up").data["gateway"] == up.data["gateway"]


def test_a_port_taken_while_the_platform_was_down_is_replaced_and_told(lasting):
    recorded = json.loads((lasting.state / "ports.json").read_text())
    lasting.run("down")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", recorded["items"]))
        taken.listen()
        again = lasting.run("up")
        assert again.code == 0, again.err
        assert f"port {recorded['items']} of items is taken" in again.err
        assert lasting.run("health").code == 0


def test_a_state_directory_of_another_folder_is_refused_untouched(lasting, tmp_path):
    other = tmp_path / "elsewhere" / "shop"
    other.mkdir(parents=True)
    stranger = copy.copy(lasting)
    stranger.work = other
    for verb in ("up", "status", "down"):
        refused = stranger.run(verb)
        assert refused.code == 4
        assert refused.answer["error"]["reference"] == "state/origin"
    assert lasting.run("health").code == 0


def test_a_state_directory_of_another_version_is_refused_untouched(lasting):
    mark = lasting.state / "origin.json"
    kept = mark.read_text()
    mark.write_text(json.dumps(json.loads(kept) | {"version": 7}))
    refused = lasting.run("up")
    assert refused.code == 4
    assert refused.answer["error"]["reference"] == "state/version"
    mark.write_text(kept)
    assert lasting.run("health").code == 0


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_home_without_write_permission_is_told(make_small, tmp_path):
    environment = make_small()
    (tmp_path / "state").mkdir(mode=0o500)
    refused = environment.run("up")
    assert refused.code == 4
    assert refused.answer["error"]["reference"] == "state/not-writable"


def test_a_home_that_is_a_file_is_told(make_small, tmp_path):
    environment = make_small()
    (tmp_path / "state").write_text("not a folder")
    refused = environment.run("up")
    assert refused.code == 4
    assert "state" in refused.answer["error"]["message"]


@pytest.mark.parametrize(("left", "code"), [(16, "1"), (300, "4")])  # KiB, in mid-verb and before initdb
def test_a_full_disk_is_told_and_up_works_as_soon_as_there_is_room(make_small, tmp_path, left, code):
    environment = make_small()
    (tmp_path / "state").mkdir()
    up = f"{sys.executable} -P -m platformctl up --output json"
    life = f"""
        mount -t tmpfs -o size=500m none {tmp_path}/state
        fallocate -l {500 * 1024 - left}KiB {tmp_path}/state/filler
        {up} >{tmp_path}/refused; echo $? >{tmp_path}/ended
        rm {tmp_path}/state/filler
        {up}; code=$?
        {sys.executable} -P -m platformctl down
        exit $code
    """
    unshare = ["unshare", "--mount"] if AS_ROOT else ["unshare", "--user", "--map-root-user", "--mount"]
    ended = subprocess.run(
        [*unshare, "sh", "-c", life],
        cwd=environment.work,
        env=environment.environ(),
        capture_output=True,
        text=True,
        timeout=200,
    )
    refused = json.loads((tmp_path / "refused").read_text())["error"]
    assert (tmp_path / "ended").read_text().strip() == code, refused
    assert "disk" in refused["message"] or "room" in refused["message"] + refused["cause"]
    assert ended.returncode == 0, ended.stderr


def test_a_state_that_was_deleted_while_it_ran_starts_anew(small):
    shutil.rmtree(small.state)
    up = small.run("up")
    assert up.data["password"]
    assert small.run("health").code == 0
    supervisor = int((small.state / "supervisord.pid").read_text())
    ours = {supervisor, *(each.pid for each in psutil.Process(supervisor).children(recursive=True))}
    assert {each.pid for each in small.processes()} <= ours


def test_the_named_first_superuser_is_used_and_not_shown_without_any_locale(make_small):
    named = {"FIRST_SUPERUSER": "me@example.com", "FIRST_SUPERUSER_PASSWORD": "my own choice"}
    environment = make_small(LANG="xx_XX.UTF-8", LC_ALL="xx_XX.UTF-8")
    up = environment.run("up", **named)
    assert up.data["login"] == "me@example.com"
    assert up.data["password"] is None
    shown = environment.run("secrets", "show-login", "--yes").data
    assert shown["password"] == "my own choice"


def test_a_second_up_changes_nothing(lasting):
    before, audit = lasting.pids(), (lasting.state / "audit.jsonl").read_text()
    again = lasting.run("up")
    assert again.data["changed"] is False
    assert again.data["password"] is None
    assert lasting.pids() == before
    assert (lasting.state / "audit.jsonl").read_text() == audit


def test_the_first_up_makes_a_backup_and_the_second_does_not(small):
    (first,) = small.run("backup", "list").data["backups"]
    small.run("down")
    small.run("up")
    (again,) = small.run("backup", "list").data["backups"]
    assert again["id"] == first["id"]


def test_a_rehearsal_touches_nothing(make_small):
    environment = make_small()
    told = environment.run("up", "--dry-run")
    assert told.code == 0, told.err
    assert "initdb" in told.out
    assert not (environment.folder / "state").exists()


def test_more_replicas_in_the_configuration_are_started_by_up(small):
    before = small.pids()
    (small.work / "platform.yaml").write_text("services:\n  items: {replicas: 3}\n")
    # a file is another origin than the folder without one
    mark = small.state / "origin.json"
    mark.write_text(json.dumps({"version": 1, "origin": str(small.work / "platform.yaml")}))
    assert small.run("up").data["changed"] is True
    after = small.pids()
    assert "items-2" in after
    assert after["auth-0"] == before["auth-0"]


def test_two_environments_that_start_at_once_get_a_gateway_each_and_outlive_each_other(make_small, tmp_path):
    wanted = str(free_port())
    both = [make_small(tmp_path / name, PLATFORMCTL__GATEWAY__PORT=wanted) for name in ("one", "other")]
    started = [each.start("up", "--output", "json") for each in both]
    ended = [each.communicate(timeout=100) for each in started]
    assert [each.returncode for each in started] == [0, 0], "\n".join(err for _, err in ended)
    assert len({json.loads(out)["data"]["gateway"] for out, _ in ended}) == 2
    one, other = both
    other.run("down")
    assert one.run("health").code == 0


def test_processes_hold_no_secret_of_anothers_and_the_supervisor_none(lasting):
    password = lasting.run("secrets", "show-login", "--yes").data["password"]
    for process in lasting.processes():
        assert password not in json.dumps(process.environ())
        assert password not in " ".join(process.cmdline())
