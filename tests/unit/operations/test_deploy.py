"""What a deploy that fails leaves: the former release, the truth about it, and the evidence."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.small import behave


def releases(environment) -> dict[str, str]:
    rows = environment.run("status").data["processes"]
    return {each["name"]: each["release"] for each in rows if each["name"] != "postgres"}


def test_a_service_that_dies_is_rolled_back_with_its_last_words_kept(lasting):
    before, pids = releases(lasting), lasting.pids()
    behave(lasting, "dies items")
    failed = lasting.run("deploy")
    assert failed.code == 1
    error, data = failed.answer["error"], failed.answer["data"]
    assert data["outcome"] == "rolled_back"
    assert "items-0" in error["message"]
    assert "I cannot live like this" in Path(data["evidence"]).read_text()
    assert releases(lasting) == before
    assert lasting.pids()["gateway-0"] == pids["gateway-0"]
    assert lasting.run("health").code == 0


def test_a_gateway_that_dies_takes_the_services_back_with_it(lasting):
    before = releases(lasting)
    behave(lasting, "dies gateway")
    failed = lasting.run("deploy")
    assert failed.code == 1
    assert failed.answer["data"]["outcome"] == "rolled_back"
    assert releases(lasting) == before
    assert lasting.run("health").code == 0


def test_a_migration_that_fails_touches_no_process(lasting):
    pids = lasting.pids()
    migrate = lasting.services / "services" / "common" / "migrate.py"
    migrate.write_text("import sys\nsys.exit('relation already exists')\n")
    failed = lasting.run("deploy")
    assert failed.code == 1
    assert failed.answer["data"]["outcome"] == "rolled_back"
    assert failed.answer["error"]["state"].startswith("No process was replaced")
    assert "relation already exists" in failed.answer["error"]["cause"]
    assert lasting.pids() == pids


@pytest.mark.parametrize("verb", ["deploy", "up"])
def test_another_version_of_the_database_is_refused_before_anything_stops(lasting, verb):
    pids = lasting.pids()
    refused = lasting.run(verb, PLATFORMCTL__DATABASE__VERSION="18")
    assert refused.code == 4
    assert refused.answer["error"]["reference"] == "database/version"
    assert lasting.pids() == pids


def test_a_first_start_that_fails_is_told_as_broken_and_the_next_shows_the_login(make_small):
    environment = make_small()
    behave(environment, "dies users")
    failed = environment.run("up")
    assert failed.code == 1
    assert failed.answer["data"]["outcome"] == "broken"
    behave(environment, "well")
    healed = environment.run("up")
    assert healed.data["password"]
    assert environment.run("health").code == 0


def test_a_deploy_that_was_killed_is_told_by_status_and_finished_by_the_next(lasting):
    behave(lasting, "well ")
    process = lasting.start("deploy")
    time.sleep(0.9)
    process.kill()
    process.wait()
    again = lasting.run("deploy")
    assert again.code == 0, again.err
    assert len(set(releases(lasting).values())) == 1
    assert lasting.run("health").code == 0


def test_a_deploy_that_failed_and_was_killed_while_returning_is_healed_by_rollback(lasting):
    good = set(releases(lasting).values())
    behave(lasting, "unready items")
    process = lasting.start("deploy")
    time.sleep(2)
    process.kill()
    process.wait()
    behave(lasting, "dies items")
    failed = lasting.run("deploy")
    assert failed.answer["data"]["outcome"] == "rolled_back"
    assert set(releases(lasting).values()) == good


def test_only_the_named_service_is_replaced(lasting):
    before = lasting.pids()
    behave(lasting, "well indeed")
    assert lasting.run("deploy", "users").data["services"] == ["users"]
    after = lasting.pids()
    assert {name for name in after if before[name] != after[name]} == {"users-0", "users-1"}


def test_an_unknown_service_is_a_usage_error(lasting):
    assert lasting.run("deploy", "nobody").code == 2


def test_the_record_names_commit_and_person_and_history_shows_it(lasting):
    lasting.run("deploy", "--commit", "abc123", "--committed-at", "2026-01-01T00:00:00Z")
    newest = lasting.run("history").data["deploys"][0]
    assert (newest["commit"], newest["outcome"], newest["verb"]) == ("abc123", "deployed", "deploy")
    record = json.loads((lasting.state / "deploys" / f"{newest['id']}.json").read_text())
    assert record["committed_at"] == "2026-01-01T00:00:00Z"


def test_a_deploy_without_a_platform_says_what_to_do(make_small):
    refused = make_small().run("deploy")
    assert refused.code == 4
    assert refused.answer["error"]["fix"] == "platformctl up"


def test_a_cancelled_deploy_ends_130_and_leaves_no_lock(lasting):
    behave(lasting, "unready users")
    process = lasting.start("deploy")
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=40) == 130
    assert lasting.run("lock", "show").data["holder"] is None
    behave(lasting, "well")
    assert lasting.run("up").code == 0
    assert lasting.run("health").code == 0
