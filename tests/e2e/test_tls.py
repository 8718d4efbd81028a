"""The local platform behind a certificate: whole, over https alone, and without a gap."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Pair, make, trusting
from tests.e2e.test_deploy_under_load import Load, log_in
from tests.environment import Ended, Environment

SECURE = "gateway: {tls: {certificate: tls/gateway.pem, key: tls/gateway.key}}\n"
RENEWED = 30  # seconds that a renewed certificate may take

pytestmark = [pytest.mark.timeout(300), pytest.mark.alone]


def configure(environment: Environment, text: str) -> None:
    (environment.work / "platform.yaml").write_text(f"platform: shop\n{text}")


def pair_of(environment: Environment) -> Pair:
    return Pair(environment.work / "tls/gateway.pem", environment.work / "tls/gateway.key")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Environment, Ended]]:
    environment = Environment(tmp_path_factory.mktemp("secured"))
    try:
        (environment.work / "tls").mkdir()
        make(environment.work / "tls")
        configure(environment, SECURE)
        up = environment.run("up")
        assert up.code == 0, up.err
        yield environment, up
    finally:
        environment.end()


def shows(environment: Environment, trusted: ssl.SSLContext) -> bool:
    with socket.create_connection(("127.0.0.1", environment.port), 5) as bare:
        try:
            trusted.wrap_socket(bare, server_hostname="127.0.0.1").close()
        except ssl.SSLCertVerificationError:
            return False
    return True


def test_every_promise_and_every_abuse_holds_over_tls(
    secured: tuple[Environment, Ended], tmp_path: Path
) -> None:
    environment, up = secured
    address = f"https://127.0.0.1:{environment.port}"
    status, health = environment.run("status"), environment.run("health")
    assert up.data["gateway"] == status.data["gateway"] == address
    assert health.code == 0
    assert any(address in each["message"] for each in health.answer["findings"])
    verified = environment.run("verify", "--abuse")
    assert [each for each in verified.answer["findings"] if each["status"] != "pass"] == []
    assert len(verified.answer["findings"]) > 70
    assert shows(environment, trusting(pair_of(environment)))
    assert not shows(environment, trusting(make(tmp_path, "stranger")))
    assert not shows(environment, ssl.create_default_context())


async def test_a_deploy_and_a_renewal_under_load_fail_no_request(
    secured: tuple[Environment, Ended], tmp_path: Path
) -> None:
    environment, up = secured
    newer, pair = make(tmp_path, "newer"), pair_of(environment)
    both = trusting(pair)
    both.load_verify_locations(newer.certificate)
    load = Load(up.data["gateway"], await log_in(up.data["gateway"], up.data, both), both)
    running = asyncio.create_task(load.run())
    deployed = await asyncio.to_thread(environment.run, "deploy", PLATFORMCTL__DRAIN_SECONDS="9")
    pids = await asyncio.to_thread(environment.pids)
    pair.replace(newer)
    begun, seen = time.monotonic(), 0
    while seen < 10:  # each of the two processes, in all likelihood
        seen = seen + 1 if await asyncio.to_thread(shows, environment, trusting(newer)) else 0
        assert time.monotonic() - begun < RENEWED
    health = await asyncio.to_thread(environment.run, "health")
    load.stop()
    await running
    assert (deployed.code, health.code) == (0, 0), deployed.out + deployed.err
    assert await asyncio.to_thread(environment.pids) == pids
    assert set(load.answers) == {"200"}, load.answers
    print(f"{load.answers['200']} requests, 0 failed, slowest {load.slowest:.2f} s")


def test_addresses_follow_what_runs(secured: tuple[Environment, Ended]) -> None:
    environment, _ = secured
    configure(environment, "")
    assert environment.run("up").data["gateway"] == f"http://127.0.0.1:{environment.port}"
    assert environment.run("health").code == 0
    configure(environment, SECURE)
    assert environment.run("status").data["gateway"].startswith("http:")
    assert environment.run("rollback", "--yes").code == 0
    assert environment.run("status").data["gateway"].startswith("https:")
    assert environment.run("health").code == 0
