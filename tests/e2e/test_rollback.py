"""Rolling back: the set as it was, exactly once, and credentials as they are."""

from __future__ import annotations

import pytest

from tests.small import behave


def release(environment) -> str:
    (found,) = environment.run("status").data["releases"]
    return found


@pytest.fixture
def deployed(small):
    """The first release, the deploy of a second, and the environment that runs it."""
    first = release(small)
    behave(small, "well again")
    return first, small.run("deploy").data["id"], small


def test_the_first_release_has_nothing_before_it(small):
    refused = small.run("rollback", "--yes")
    assert refused.code == 4
    assert refused.answer["error"]["reference"] == "rollback/nothing"
    assert small.run("health").code == 0


def test_an_unknown_deploy_is_refused(small):
    assert small.run("rollback", "--to", "20000101-000000-0000", "--yes").code == 4


def test_a_release_that_is_gone_is_refused_before_anything_changes(deployed):
    first, _, environment = deployed
    pids = environment.pids()
    (environment.state / "releases" / first / "release.json").unlink()
    refused = environment.run("rollback", "--yes")
    assert refused.code == 4
    assert first in refused.answer["error"]["message"]
    assert environment.pids() == pids


def test_undoing_a_deploy_twice_is_done_once(deployed):
    first, deploy_id, environment = deployed
    assert environment.run("rollback", "--of", deploy_id, "--yes").data["outcome"] == "deployed"
    assert release(environment) == first
    pids = environment.pids()
    assert environment.run("rollback", "--of", deploy_id, "--yes").data["outcome"] == "unchanged"
    assert environment.pids() == pids


def test_undoing_a_deploy_that_was_rolled_back_by_itself_changes_nothing(small):
    first = release(small)
    behave(small, "dies auth")
    failed = small.run("deploy").answer["data"]["id"]
    assert small.run("rollback", "--of", failed, "--yes").data["outcome"] == "unchanged"
    assert release(small) == first


def test_up_keeps_to_the_rollback_until_the_code_changes(deployed):
    first, deploy_id, environment = deployed
    second = release(environment)
    environment.run("rollback", "--of", deploy_id, "--yes")
    environment.run("down")
    up = environment.run("up")
    assert up.code == 0, up.err
    assert release(environment) == first
    assert f"release {second} was rolled back" in up.err
    assert environment.run("deploy").code == 0
    assert release(environment) == second


def test_going_back_and_to_a_named_deploy(deployed):
    first, deploy_id, environment = deployed
    second = release(environment)
    environment.run("rollback", "--yes")
    assert release(environment) == first
    environment.run("rollback", "--to", deploy_id, "--yes")
    assert release(environment) == second


def test_a_configuration_secret_goes_back_and_a_password_stays(small):
    for name in ("items/PARTNER_KEY", "auth/SMTP_PASSWORD"):
        assert small.run("secrets", "set", name, input="first").code == 0
    small.run("deploy")
    for name in ("items/PARTNER_KEY", "auth/SMTP_PASSWORD"):
        small.run("secrets", "set", name, input="second")
    assert small.run("deploy").data["services"]
    small.run("rollback", "--yes")
    assert environment_of(small, "items-0")["PARTNER_KEY"] == "first"


def environment_of(environment, process: str) -> dict[str, str]:
    import psutil

    return psutil.Process(environment.pids()[process]).environ()
