"""Whatever is killed, `up` heals it, data stays, and nothing is left running after `down`."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.parse
import urllib.request

import psutil
import pytest

from tests.environment import SINGLE

pytestmark = pytest.mark.timeout(300)


def call(environment, method: str, path: str, body: object = None, token: str | None = None) -> dict:
    request = urllib.request.Request(
        f"http://127.0.0.1:{environment.port}/api/v1{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Content-Type": "application/json"}
        | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def log_in(environment) -> str:
    login = environment.run("secrets", "show-login", "--yes").data
    form = urllib.parse.urlencode({"username": login["login"], "password": login["password"]}).encode()
    url = f"{login['gateway']}/api/v1/login/access-token"
    with urllib.request.urlopen(url, form, timeout=20) as answer:
        return json.load(answer)["access_token"]


def pid_of(environment, kind: str) -> int:
    if kind == "supervisor":
        return int((environment.state / "supervisord.pid").read_text())
    return environment.pids()[kind]


@pytest.mark.parametrize("kind", ["postgres", "auth-0", "gateway-1", "supervisor", "everything"])
def test_a_killed_process_is_healed_by_up_and_no_item_is_lost(platform, kind):
    token = log_in(platform)
    item = call(platform, "POST", "/items/", {"title": "kept"}, token)
    if kind == "everything":
        for process in platform.processes():
            process.kill()
    else:
        os.kill(pid_of(platform, kind), signal.SIGKILL)
    healed = platform.run("up")
    assert healed.code == 0, healed.err
    assert platform.run("health").code == 0
    assert call(platform, "GET", f"/items/{item['id']}", token=log_in(platform))["title"] == "kept"
    supervisor = psutil.Process(pid_of(platform, "supervisor"))
    ours = {supervisor.pid, *(each.pid for each in supervisor.children(recursive=True))}
    assert {each.pid for each in platform.processes()} <= ours


@pytest.mark.parametrize("seconds", [0.8, 3.0])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_up_that_is_killed_or_cancelled_is_finished_by_the_next(make_environment, seconds, number):
    environment = make_environment(**SINGLE)
    process = environment.start("up")
    time.sleep(seconds)
    process.send_signal(number)
    code = process.wait(timeout=60)
    assert code == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGINT:
        assert environment.run("lock", "show").data["holder"] is None
    again = environment.run("up")
    assert again.code == 0, again.err
    assert environment.run("health").code == 0
    environment.run("down")
    assert environment.processes() == []


def test_two_ups_at_once_end_as_one_platform(make_environment):
    environment = make_environment(**SINGLE)
    both = [environment.start("up", "--output", "json") for _ in range(2)]
    ended = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], ended
    answers = [json.loads(out)["data"] for out, _ in ended]
    assert sorted(each["changed"] for each in answers) == [False, True]
    assert len({each["gateway"] for each in answers}) == 1
    assert environment.run("health").code == 0


def test_up_again_changes_nothing(platform):
    before, audit = platform.pids(), (platform.state / "audit.jsonl").read_text()
    again = platform.run("up")
    assert again.data["changed"] is False
    assert again.data["password"] is None
    assert platform.pids() == before
    assert (platform.state / "audit.jsonl").read_text() == audit
