from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from platformctl.operations.audit import Audit


def audit(file: Path, **arguments: object) -> Audit:
    return Audit(file=file, verb="deploy", environment="local", arguments=arguments, run_id="r7")


def test_nothing_is_left_behind_before_the_first_change(tmp_path: Path) -> None:
    audit(tmp_path / "state" / "audit.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_change_is_one_line_that_says_who_did_what_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_URL", "https://ci.example/7")
    record = audit(tmp_path / "audit.jsonl", services=["items"])
    record.record("psql -c 'create role x'", "started")
    record.record("psql -c 'create role x'", "failed: CommandError")
    first, second = map(json.loads, (tmp_path / "audit.jsonl").read_text().splitlines())
    assert set(first) == {
        *("time", "run", "who", "host", "build_url", "environment", "verb", "arguments", "change", "outcome")
    }
    assert (first["run"], first["verb"], first["arguments"]) == ("r7", "deploy", {"services": ["items"]})
    assert first["build_url"] == "https://ci.example/7"
    assert second["outcome"] == "failed: CommandError"


def test_only_its_owner_may_read_the_record(tmp_path: Path) -> None:
    audit(tmp_path / "new" / "audit.jsonl").record("x", "done")
    assert stat.S_IMODE((tmp_path / "new" / "audit.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_secret_among_the_arguments_stays_masked(tmp_path: Path) -> None:
    audit(tmp_path / "audit.jsonl", value=SecretStr("hunter2")).record("x", "done")
    assert "hunter2" not in (tmp_path / "audit.jsonl").read_text()
