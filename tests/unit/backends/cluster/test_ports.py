"""Ports are kept as long as they are free, and chosen anew when something else took them."""

from __future__ import annotations

import json
import socket

import pytest

from platformctl.backends.cluster import ports


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def plan(path, gateway, ours=()):
    chosen = ports.plan(path, gateway, ("auth", "postgres"), ours)
    path.write_text(json.dumps(chosen))
    return chosen


def test_a_taken_gateway_port_gives_the_next_free_one(tmp_path, taken):
    assert taken < plan(tmp_path / "ports.json", taken)["gateway"] < taken + 200


def test_a_recorded_port_that_was_taken_meanwhile_is_replaced(tmp_path, taken):
    path = tmp_path / "ports.json"
    path.write_text(json.dumps({"gateway_wanted": taken, "gateway": taken, "auth": taken, "postgres": 20001}))
    chosen = plan(path, taken)
    assert taken not in (chosen["gateway"], chosen["auth"])


def test_our_own_listeners_do_not_count_as_taken(tmp_path, taken):
    path = tmp_path / "ports.json"
    recorded = {"gateway_wanted": taken, "gateway": taken, "auth": 20001, "postgres": 20002}
    path.write_text(json.dumps(recorded))
    assert plan(path, taken, ours=("gateway", "auth", "postgres")) == recorded


def test_a_port_taken_by_something_else_while_our_listener_is_down_is_replaced(tmp_path, taken):
    path = tmp_path / "ports.json"
    path.write_text(json.dumps({"gateway_wanted": taken, "gateway": taken, "auth": 20001, "postgres": 20002}))
    assert plan(path, taken, ours=("auth", "postgres"))["gateway"] != taken


def test_free_ports_are_kept_across_runs(tmp_path):
    path = tmp_path / "ports.json"
    assert plan(path, 18080) == plan(path, 18080)


def test_another_wish_makes_a_new_choice(tmp_path):
    path = tmp_path / "ports.json"
    plan(path, 18080)
    assert plan(path, 19090)["gateway"] >= 19090


def test_no_two_listeners_share_a_port(tmp_path):
    chosen = ports.plan(tmp_path / "none", 18080, [f"s{number}" for number in range(50)], ours=())
    assert len(set(chosen.values())) == 51  # gateway_wanted is the gateway's own
