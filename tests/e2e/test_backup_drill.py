"""A drill brings a backup up beside the live platform, tells what became of it, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil

from tests.drilling import OUTSIDE, WAIT, start
from tests.environment import Environment
from tests.small import behave


def ended(drill: subprocess.Popen[str], code: int = 0) -> dict[str, Any]:
    out, err = drill.communicate(timeout=100)
    assert drill.returncode == code, out + err
    return {**json.loads(out), "err": err}


def left(environment: Environment) -> list[object]:
    """Folders and processes of a throwaway environment."""
    folder = throwaway(environment)
    found: list[object] = [folder] if folder.exists() else []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PLATFORMCTL_STATE") == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return [*found, *(each for each in environment.runtime.iterdir() if each not in sockets(environment))]


def throwaway(environment: Environment) -> Path:
    return environment.state.with_name("local.drill")


def sockets(environment: Environment) -> list[Path]:
    return [Path((environment.state / "sockets").read_text())]


def listed(environment: Environment) -> list[dict[str, str]]:
    return environment.run("backup", "list").data["backups"]


def waiting(environment: Environment, *words: str, **variables: str) -> subprocess.Popen[str]:
    """A drill whose services run, until its file is removed."""
    sign = environment.folder / "waits"
    drill = start(environment, *words, **{WAIT: str(sign)}, **variables)
    while not sign.exists():
        assert drill.poll() is None, drill.communicate()
        time.sleep(0.02)
    return drill


def test_a_good_drill_leaves_a_proven_backup_and_nothing_else(small: Environment) -> None:
    before, places = small.pids(), sorted(small.state.parent.iterdir())
    report = small.folder / "report.xml"
    with socket.create_server(("127.0.0.1", 0)) as outside:
        ports = f"{small.port} {outside.getsockname()[1]}"
        drill = waiting(small, "--all-due", "--junit", str(report), **{OUTSIDE: ports})
        refused = ended(start(small), 4)["error"]
        newer = small.run("backup", "create").data["id"]  # others change the environment meanwhile
        (small.folder / "waits").unlink()
        answer = ended(drill)
    assert refused["reference"] == "drill/running"
    drilled = answer["data"]
    assert (drilled["outcome"], drilled["contract"]) == ("passed", "1 of 1 rows kept")
    assert drilled["secluded"] is True
    sections = [each["section"] for each in drilled["sections"]]
    assert sections == ["check", "load", "prove", "migrate", "boot", "verify"]
    assert {each.get("name") for each in ElementTree.parse(report).iter("testcase")} == {
        f"drill.{each}" for each in sections
    }
    assert left(small) == []
    assert sorted(small.state.parent.iterdir()) == places
    assert small.pids() == before
    assert {each["id"]: each["state"] for each in listed(small)} == {
        newer: "whole",
        drilled["backup"]: "proven",
    }
    shown = small.run("backup", "show", drilled["backup"]).data["drills"]
    assert [(each["how"], each["outcome"]) for each in shown] == [("drill", "passed")]
    assert ended(start(small, "--all-due"))["data"]["nothing_due"] is True


def test_a_backup_that_does_not_boot_is_suspect_until_a_drill_passes(small: Environment) -> None:
    """And a drill that is broken off or killed in between leaves nothing behind."""
    older = listed(small)[0]["id"]
    newer = small.run("backup", "create").data["id"]
    behave(small, "dies auth")
    failed = ended(start(small), 5)
    error = failed["error"]
    assert error["reference"] == "backup/drill"
    assert "I cannot live like this" in error["evidence"]
    assert "live platform was not touched" in error["state"]
    assert f"backup drill {newer}" in error["fix"]
    assert {each["id"]: each["status"] for each in failed["findings"]}["drill.boot"] == "fail"
    assert failed["data"]["outcome"] == "failed"
    assert left(small) == []
    assert {each["id"]: each["state"] for each in listed(small)} == {newer: "suspect", older: "whole"}
    assert small.run("backup", "verify").data["whole"] == [older]  # latest passes over it
    behave(small, "well")

    broken_off = start(small)
    while not throwaway(small).exists():
        time.sleep(0.02)
    broken_off.send_signal(signal.SIGINT)
    ended(broken_off, 130)
    assert left(small) == []

    killed = start(small)
    while len(left(small)) < 5:  # its PostgreSQL runs
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.05)
    killed.kill()
    killed.communicate()
    assert len(left(small)) >= 4  # a program that it ran may have ended with it
    assert "a drill that was killed" in ended(start(small, newer))["err"]
    assert left(small) == []
    assert {each["id"]: each["state"] for each in listed(small)} == {newer: "proven", older: "whole"}
    assert small.run("health").code == 0
