"""Real processes under a real supervisor are brought over to a release, or are not."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request

import pytest

from platformctl.backends.cluster import control, ports, releases
from platformctl.backends.cluster.rollout import Rollout
from platformctl.errors import CancelledRunError, DeployError
from platformctl.shell import signals


def answer(place, service: str, path: str = "/"):
    port = ports.read(place.layout.ports)[service]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as body:
        return json.load(body)


def pids(place) -> dict[str, int | None]:
    return {each.name: each.pid for each in place.supervisor.programs()}


def test_a_process_that_ends_at_its_start_fails_the_rollout_with_its_last_words(place):
    place.boot()
    bad = place.release(BEHAVIOUR="dies")
    with pytest.raises(DeployError) as failure:
        place.rollout.one_by_one(bad, ["auth"])
    assert "auth-0" in failure.value.message
    assert "I cannot live like this" in "\n".join(failure.value.evidence)


def test_an_unready_process_fails_the_rollout_while_the_other_goes_on_serving(place):
    place.boot()
    good = place.release()
    place.rollout.one_by_one(good, ["auth"])
    before = pids(place)
    bad = place.release(BEHAVIOUR="unready")
    with pytest.raises(DeployError) as failure:
        place.rollout.one_by_one(bad, ["auth"])
    assert "it is not there" in failure.value.cause
    assert pids(place)["auth-1"] == before["auth-1"]
    assert control.readiness(place.layout, "auth-1").release == good.id


def test_a_rollout_leaves_processes_alone_that_already_run_the_release(place):
    place.boot()
    release = place.release()
    place.rollout.one_by_one(release, ["auth", "gateway"])
    before = pids(place)
    place.records.clear()
    place.rollout.one_by_one(release, ["auth", "gateway"])
    assert pids(place) == before
    assert place.records == []


def test_fewer_copies_end_what_is_surplus_and_leave_the_others_alone(place):
    place.boot()
    release = place.release()
    place.rollout.one_by_one(release, ["auth"])
    before = pids(place)
    fewer = Rollout(place.layout, place.supervisor, {"auth": 1}, 5.0, 5.0)
    assert fewer.surplus("auth") == ["auth-1"]
    fewer.one_by_one(release, ["auth"])
    assert pids(place) == before | {"auth-1": None}
    assert fewer.surplus("auth") == []


def test_a_half_finished_rollout_is_continued_where_it_stopped(place):
    place.boot()
    old, new = place.release(), place.release(LOG_LEVEL="DEBUG")
    place.rollout.one_by_one(old, ["auth"])
    releases.choose(place.layout, "auth", new.id)
    place.supervisor.replace("auth:auth-0", 5.0)
    place.rollout.one_by_one(new, ["auth"])
    found = {control.readiness(place.layout, name).release for name in ("auth-0", "auth-1")}
    assert found == {new.id}


def test_all_copies_exchanged_at_once_never_close_the_socket(place):
    place.boot()
    old, new = place.release(), place.release(LOG_LEVEL="DEBUG")
    place.rollout.one_by_one(old, ["auth"])
    place.rollout.at_once(new, "auth")
    assert answer(place, "auth")["release"] == new.id
    assert "Closing socket" not in place.layout.log("supervisor").read_text().split("Creating socket")[-1]


def test_a_ctrl_c_between_stop_and_start_leaves_no_copy_stopped(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth"])
    slow = place.release(BEHAVIOUR="unready")  # so the other copies stay stopped until the signal comes

    def interrupt() -> None:
        while pids(place)["auth-1"] is not None:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(CancelledRunError), signals.cancellation():
        place.rollout.at_once(slow, "auth")
    assert pids(place)["auth-0"]
    assert pids(place)["auth-1"]


def test_a_process_gets_the_secrets_and_nothing_of_the_users_environment(place, monkeypatch):
    monkeypatch.setenv("CANARY_OF_THE_USER", "seen")
    place.boot()
    place.rollout.one_by_one(place.release(LOG_LEVEL="DEBUG"), ["auth"])
    environment = answer(place, "auth", "/environment")
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["DATABASE_URL"].startswith("postgresql://auth:")
    assert "CANARY_OF_THE_USER" not in environment
    assert "d" not in json.loads(environment["INTERNAL_KEYS"])["keys"][0]
    assert environment["PLATFORMCTL_STATE"] == str(place.layout.root)


def test_no_file_but_the_encrypted_one_holds_a_secret(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth"])
    password = place.secrets.get("auth/DATABASE_PASSWORD").get_secret_value().encode()
    holding = [
        path for path in place.layout.root.rglob("*") if path.is_file() and password in path.read_bytes()
    ]
    assert holding == []
