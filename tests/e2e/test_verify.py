"""verify against the real platform, against one that lies, and what is left of its visits: nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.e2e.tampering import LIES, tampered
from tests.e2e.test_kill_and_heal import call, log_in
from tests.environment import Ended, Environment

pytestmark = [pytest.mark.timeout(300), pytest.mark.alone]


def count(environment: Environment) -> tuple[int, int]:
    """Users and items of everybody."""
    token = log_in(environment)
    users, items = (call(environment, "GET", path, token=token)["count"] for path in ("/users/", "/items/"))
    return users, items


def credentials(environment: Environment) -> dict[str, str]:
    login = environment.run("secrets", "show-login", "--yes").data
    return {"PLATFORMCTL_VERIFY_USER": login["login"], "PLATFORMCTL_VERIFY_PASSWORD": login["password"]}


def rows(ended: Ended, status: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in ended.answer["findings"] if each["status"] == status}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A platform with one user and one item, for all tests here that leave it as it is."""
    environment = Environment(tmp_path_factory.mktemp("shared"))
    try:
        up = environment.run("up")
        assert up.code == 0, up.err
        call(environment, "POST", "/items/", {"title": "somebody's"}, log_in(environment))
        yield environment
    finally:
        environment.end()


@pytest.fixture
def untouched(shared: Environment) -> Iterator[Environment]:
    """The platform, with as many users and items afterwards as before."""
    yield shared
    assert count(shared) == (1, 1)


def test_the_local_platform_keeps_its_contract(untouched: Environment, tmp_path: Path) -> None:
    ended = untouched.run("verify", "--junit", str(tmp_path / "verify.xml"))
    assert rows(ended, "fail") == rows(ended, "unknown") == {}
    assert ended.code == 0
    suite = ElementTree.parse(tmp_path / "verify.xml").getroot()
    assert int(suite.get("tests", "0")) == len(ended.answer["findings"]) > 25


def test_the_local_platform_bears_abuse(untouched: Environment) -> None:
    ended = untouched.run("verify", "--abuse")
    assert rows(ended, "fail") == rows(ended, "unknown") == {}
    assert len(ended.answer["findings"]) > 70
    assert untouched.run("health").code == 0


def test_the_services_themselves_keep_the_contract_and_bear_abuse(untouched: Environment) -> None:
    ended = untouched.run("verify", "--direct", "--abuse")
    assert rows(ended, "fail") == rows(ended, "unknown") == {}
    assert len(ended.answer["findings"]) > 70
    assert untouched.run("health").code == 0


def test_every_lie_is_found_and_nothing_else(untouched: Environment) -> None:
    with tampered(untouched.port) as url:
        ended = untouched.run("verify", url, **credentials(untouched))
    assert ended.code == 5
    assert set(rows(ended, "fail")) == LIES, ended.answer["findings"]
    told = {name: each["evidence"] for name, each in rows(ended, "fail").items()}
    assert "404" in told["GET /users/{id}"]
    assert "password_hash" in told["GET, PUT, PATCH, DELETE /users/me"]
    assert "WWW-Authenticate" in told["POST /login/test-token"]
    assert "307" in told["GET /items"]


def test_without_a_superuser_what_only_one_can_see_is_unknown(untouched: Environment) -> None:
    with tampered(untouched.port, lies=False) as url:
        ended = untouched.run("verify", url)
    assert rows(ended, "fail") == {}
    unknown = rows(ended, "unknown")
    assert {"GET /users", "PUT, PATCH /users/{id}"} <= set(unknown)
    assert all("PLATFORMCTL_VERIFY_USER" in each["evidence"] for each in unknown.values())


def test_refused_credentials_and_strangers_are_a_precondition(untouched: Environment) -> None:
    wrong = {
        "PLATFORMCTL_VERIFY_USER": "nobody@example.com",
        "PLATFORMCTL_VERIFY_PASSWORD": "not the password",
    }
    refused = untouched.run("verify", **wrong)
    assert refused.code == 4
    assert refused.answer["error"]["reference"] == "verify/credentials"
    for attack in (("--abuse",), ("--fuzz", "5")):
        foreign = untouched.run("verify", "http://127.0.0.1:1", *attack)
        assert (foreign.code, foreign.answer["error"]["reference"]) == (4, "verify/foreign")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_broken_off_deletes_what_it_made(
    untouched: Environment, number: signal.Signals, code: int
) -> None:
    process = untouched.start("verify", "--output", "json")
    time.sleep(7)
    process.send_signal(number)
    out, err = process.communicate(timeout=90)
    assert process.returncode == code, err
    assert '"clean-up", "status": "pass"' in out


def test_lower_limits_are_honoured(make_environment: Any) -> None:
    low = {
        "LIMIT__AVERAGE": "20",
        "LIMIT__BURST": "4",
        "LOGIN_LIMIT__AVERAGE": "2",
        "LOGIN_LIMIT__BURST": "2",
    }
    environment = make_environment(**{f"PLATFORMCTL__GATEWAY__{name}": value for name, value in low.items()})
    assert environment.run("up").code == 0
    ended = environment.run("verify")
    assert rows(ended, "fail") == {}
    assert count(environment) == (1, 0)


def test_requests_that_nobody_thought_of_break_nothing(untouched: Environment) -> None:
    ended = untouched.run("verify", "--fuzz", "10")
    (found,) = [each for each in ended.answer["findings"] if each["id"] == "fuzz"]
    assert found["status"] == "pass", found
    assert found["details"]["asked"] > 50
