"""Requests that schemathesis makes up from each service's own description, with and without a user."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from platformctl.tools import schemathesis
from tests.postgres import SERVICES, Postgres
from tests.services.people import Api
from tests.services.processes import Platform, serving

LEFT_OUT = f"^({'|'.join((*schemathesis.ENDING, schemathesis.MAILING))})/?$"


def fuzzed(url: str, folder: Path, seconds: int, token: str | None) -> tuple[str, str]:
    """The report of all phases, and what was said; a failure is said with the request that showed it."""
    report = folder / "report.json"
    head = ["--header", f"Authorization: Bearer {token}"] if token else []
    program = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{url}/openapi.json"),
        *("--continue-on-failure", "--max-time", str(seconds), "--request-timeout", "10"),
        *("--exclude-checks", schemathesis.NOT_PROMISED, "--exclude-name-regex", LEFT_OUT, "--seed", "20261"),
        *("--generation-database", "none", "--report", "json", "--report-json-path", str(report), *head),
    ]
    done = subprocess.run(
        program, cwd=folder, capture_output=True, text=True, timeout=seconds + 120, check=False
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return report.read_text(), done.stdout


@pytest.fixture
def own(postgres: Postgres) -> Iterator[Platform]:
    """A superuser changes and deletes whom it finds, itself included, so nobody else's accounts are here."""
    database = f"schemathesis_{secrets.token_hex(4)}"
    with serving(postgres, database, {"users": {"PRIVATE_USERS": "true"}}) as running:
        yield running


@pytest.mark.soak
@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("who", ["a superuser", "nobody"])
async def test_nothing_that_can_be_described_is_answered_as_it_is_not(
    own: Platform, name: str, who: str, tmp_path: Path
) -> None:
    async with httpx.AsyncClient(timeout=15, verify=False) as client:
        token = (await Api(own, client).admin()).access if who == "a superuser" else None
    report, said = fuzzed(own.services[name].url, tmp_path, 60, token)
    print(f"{name}, {who}: {schemathesis.asked(report)} requests")
    assert schemathesis.failures(report) == (), said[-6000:]
    assert schemathesis.asked(report) > 100
