"""Requests that schemathesis makes up from each service's own description, with and without a user."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.postgres import SERVICES, Postgres
from tests.services.people import Api
from tests.services.processes import Platform, serving

# The description names no errors, and promises nothing of who may send what is valid.
NOT_PROMISED = "status_code_conformance,positive_data_acceptance"
# A superuser may delete or demote whom the other half needs, and mails go to strangers.
LEFT_OUT = (
    r"DELETE .*/users/me|(PUT|PATCH) .*/users/me/password|POST .*/login/logout|POST .*/password-recovery/.*"
)


def fuzzed(url: str, folder: Path, seconds: int, token: str | None) -> dict:
    """The report of all phases; a failure is listed with the request that showed it."""
    report = folder / "report.json"
    head = ["--header", f"Authorization: Bearer {token}"] if token else []
    program = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{url}/openapi.json"),
        *("--continue-on-failure", "--max-time", str(seconds), "--request-timeout", "10"),
        *("--exclude-checks", NOT_PROMISED, "--exclude-name-regex", f"^({LEFT_OUT})/?$", "--seed", "20261"),
        *("--generation-database", "none", "--report", "json", "--report-json-path", str(report), *head),
    ]
    done = subprocess.run(
        program, cwd=folder, capture_output=True, text=True, timeout=seconds + 120, check=False
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(report.read_text()) | {"said": done.stdout}


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Iterator[Platform]:
    """A superuser deletes what it finds, so nobody else's accounts are here."""
    with serving(postgres, "schemathesis", {"users": {"PRIVATE_USERS": "true"}}) as running:
        yield running


@pytest.mark.soak
@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("who", ["a superuser", "nobody"])
async def test_nothing_that_can_be_described_is_answered_as_it_is_not(
    own: Platform, name: str, who: str, tmp_path: Path
) -> None:
    async with httpx.AsyncClient(timeout=15) as client:
        token = (await Api(own, client).admin()).access if who == "a superuser" else None
    report = fuzzed(own.services[name].url, tmp_path, 60, token)
    print(f"{name}, {who}: {report['test_cases']['generated']} requests")
    assert not report.get("failures"), report["said"][-6000:]
    assert report["test_cases"]["generated"] > 100
