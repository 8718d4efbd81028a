"""status, health, history, logs, doctor and provision: they answer whatever the state, and change nothing."""

from __future__ import annotations

import json
import os
import signal
import time


def test_nothing_runs_and_every_reading_verb_says_so(make_small):
    environment = make_small()
    health = environment.run("health")
    assert health.code == 5
    assert health.answer["error"]["fix"] == "platformctl up"
    assert environment.run("status").data["state"] == "not made yet"
    assert environment.run("history").data["deploys"] == []
    assert environment.run("logs").code == 4
    assert environment.run("lock", "show").data["holder"] is None
    assert environment.run("secrets", "list").data["secrets"] == []
    assert environment.run("secrets", "show-login", "--yes").code == 4
    assert environment.run("maintenance", "status").code == 4
    assert environment.run("migrate").code == 4
    assert environment.run("doctor").code == 0
    assert not environment.state.exists()


def test_provision_has_no_meaning_here_and_says_it_in_one_sentence(make_small):
    refused = make_small().run("provision")
    assert refused.code == 4
    assert refused.answer["error"]["reference"] == "target/no-meaning"


def test_a_hanging_process_is_found_by_health(lasting):
    victim = lasting.pids()["users-1"]
    os.kill(victim, signal.SIGSTOP)
    unhealthy = lasting.run("health")
    os.kill(victim, signal.SIGCONT)
    assert unhealthy.code == 5
    (finding,) = [each for each in unhealthy.answer["findings"] if each["status"] == "fail"]
    assert finding["id"] == "process.users-1"
    assert "platformctl logs users" in finding["fix"]


def test_a_stopped_database_is_found_by_health(lasting):
    os.kill(lasting.pids()["postgres"], signal.SIGSTOP)
    found = lasting.run("health")
    os.kill(lasting.pids()["postgres"], signal.SIGCONT)
    assert found.code == 5
    assert "database" in {each["id"] for each in found.answer["findings"] if each["status"] == "fail"}


def test_status_tells_what_runs_since_when_and_the_last_backup(lasting):
    found = lasting.run("status").data
    assert found["state"] == "runs"
    assert len(found["processes"]) == 9
    assert all(each["ready"] and each["since"] for each in found["processes"])
    assert found["last_backup"] != "none yet"
    assert "PostgreSQL 16" in found["database"]


def test_logs_show_the_last_lines_of_the_named_service_alone(lasting):
    said = lasting.run("logs", "auth", "--lines", "1").out.splitlines()
    lines = [json.loads(line) for line in said]
    sources = {each["line"]["source"] for each in lines if "line" in each}
    assert sources == {"auth-0", "auth-1"}
    assert lasting.run("logs", "nobody").code == 2


def test_followed_logs_show_what_is_added(lasting):
    process = lasting.start("logs", "items", "--follow", "--lines", "0", "--output", "json")
    time.sleep(1)
    os.kill(lasting.pids()["items-0"], signal.SIGKILL)
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    assert "items serves" in line


def test_doctor_finds_keys_that_others_can_read(lasting):
    (lasting.state / "secrets.key").chmod(0o644)
    found = lasting.run("doctor")
    (lasting.state / "secrets.key").chmod(0o600)
    assert found.code == 5
    assert found.answer["error"]["fix"] == f"chmod 600 {lasting.state / 'secrets.key'}"
