"""A lock is shown with its holder, and taken away only from the holder that was named."""

from __future__ import annotations

import json

from tests.small import behave


def held(environment) -> str:
    """Start a deploy that waits for a service to become ready, and answer its lock's id."""
    behave(environment, "unready users")
    environment.deploying = environment.start("deploy")
    while (holder := environment.run("lock", "show").data["holder"]) is None:
        assert environment.deploying.poll() is None
    assert holder["verb"] == "deploy"
    assert holder["pid"] == environment.deploying.pid
    return holder["id"]


def end(environment) -> None:
    environment.deploying.kill()
    environment.deploying.wait()


def test_without_a_holder_there_is_nothing_to_break(lasting):
    assert lasting.run("lock", "show").data["holder"] is None
    assert lasting.run("lock", "break", "--confirm", "abc", "--reason", "none").code == 4


def test_a_wrong_id_and_a_missing_reason_break_nothing(lasting):
    lock_id = held(lasting)
    assert lasting.run("lock", "break", "--confirm", "wrong", "--reason", "it hangs").code == 4
    assert lasting.run("lock", "break", "--confirm", lock_id).code == 2
    assert lasting.run("lock", "break", "--confirm", lock_id, "--reason", " ").code == 2
    assert lasting.run("lock", "show").data["holder"]["id"] == lock_id
    end(lasting)


def test_the_named_lock_is_broken_and_the_reason_recorded(lasting):
    lock_id = held(lasting)
    assert lasting.run("lock", "break", "--confirm", lock_id, "--reason", "it hangs").data["holder"] is None
    end(lasting)
    lines = [json.loads(line) for line in (lasting.state / "audit.jsonl").read_text().splitlines()]
    assert any(each["verb"] == "lock break" and each["arguments"]["reason"] == "it hangs" for each in lines)


def test_the_lock_of_a_killed_run_traps_nobody(lasting):
    held(lasting)
    end(lasting)
    assert lasting.run("lock", "show").data["holder"] is None
    behave(lasting, "well")
    assert lasting.run("up").code == 0
    assert lasting.run("health").code == 0
