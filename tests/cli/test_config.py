"""`platformctl config` and `init` as whole commands: exit codes, both surfaces, and what is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.certificates import make

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "platformctl", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LANG": "C.UTF-8", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    (tmp_path / "platform.yaml").write_text(
        "target: aws\ndrain_seconds: 0\ngateway: {prot: 1, port: x, docs: no}\n"
    )
    return tmp_path


@pytest.mark.parametrize("verb", ["config show", "up", "status"])
def test_five_errors_are_all_told_with_exit_code_3_and_nothing_is_touched(wrong: Path, verb: str) -> None:
    answer = run(wrong, *verb.split())
    assert answer.returncode == 3
    for place in ("1:9", "2:16", "3:11", "3:26", "3:35"):
        assert f"platform.yaml:{place}: " in answer.stderr
    assert answer.stdout == ""
    assert os.listdir(wrong) == ["platform.yaml"]


def test_check_gives_machines_a_finding_for_each_error(wrong: Path) -> None:
    answer = run(wrong, "config", "check", "--output", "json", "--junit", "report.xml")
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["exit_code"], document["ok"]) == (3, 3, False)
    assert [each["status"] for each in document["findings"]] == ["fail"] * 5
    assert document["error"]["reference"] == "config/invalid"
    assert (wrong / "report.xml").read_text().count("<failure") == 5


@pytest.mark.parametrize("verb", ["config check", "up", "deploy"])
def test_a_key_of_another_certificate_is_exit_code_3_and_starts_nothing(tmp_path: Path, verb: str) -> None:
    one, other = make(tmp_path, "one"), make(tmp_path, "other")
    tls = f"{{certificate: {one.certificate.name}, key: {other.key.name}}}"
    (tmp_path / "platform.yaml").write_text(f"gateway:\n  tls: {tls}\n")
    before = os.listdir(tmp_path)
    answer = run(tmp_path, *verb.split())
    assert answer.returncode == 3
    assert "gateway.tls.key: does not belong to gateway.tls.certificate" in " ".join(
        (answer.stdout + answer.stderr).split()
    )
    assert ("platform.yaml:2:36" in answer.stdout) == (verb == "config check")
    assert os.listdir(tmp_path) == before


def test_check_of_a_right_configuration_is_one_sentence(tmp_path: Path) -> None:
    answer = run(tmp_path, "config", "check")
    assert answer.returncode == 0
    assert "the configuration of environment local is right" in answer.stdout
    assert os.listdir(tmp_path) == []


def test_an_unknown_environment_is_exit_code_3(tmp_path: Path) -> None:
    answer = run(tmp_path, "config", "show", "--env", "prod")
    assert answer.returncode == 3
    assert "known here: local" in answer.stderr


def test_the_environment_and_the_file_may_come_from_variables(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("platform: other\n")
    answer = run(
        tmp_path,
        "config",
        "show",
        "--output",
        "json",
        PLATFORMCTL_FILE="other.yaml",
        PLATFORMCTL__GATEWAY__PORT="9000",
    )
    rows = {row["setting"]: row for row in json.loads(answer.stdout)["data"]["settings"]}
    assert rows["platform"] == {"setting": "platform", "value": "other", "source": "other.yaml:1"}
    assert rows["gateway.port"]["source"] == "PLATFORMCTL__GATEWAY__PORT"


def test_the_schema_is_one_that_editors_can_use(tmp_path: Path) -> None:
    printed = run(tmp_path, "config", "schema")
    schema = json.loads(printed.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(run(tmp_path, "config", "schema", "--output", "json").stdout)["data"] == schema


def test_docs_print_the_reference(tmp_path: Path) -> None:
    assert "PLATFORMCTL__GATEWAY__PORT" in run(tmp_path, "config", "docs").stdout


def test_init_writes_once_and_then_refuses(tmp_path: Path) -> None:
    first, second = run(tmp_path, "init"), run(tmp_path, "init")
    assert (first.returncode, second.returncode) == (0, 4)
    assert "exists already" in second.stderr
    assert run(tmp_path, "config", "check").returncode == 0
    assert os.listdir(tmp_path) == ["platform.yaml"]


def test_docs_write_every_generated_reference(tmp_path: Path) -> None:
    answer = run(tmp_path, "config", "docs", "--write", "made")
    assert answer.returncode == 0
    for name in ("cli.md", "configuration.md", "platform.schema.json"):
        assert (tmp_path / "made" / name).read_text() == (ROOT / "docs" / name).read_text()


def test_twenty_errors_are_all_shown(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text("".join(f"unknown_{number}: 1\n" for number in range(20)))
    answer = run(tmp_path, "up")
    assert all(f"platform.yaml:{line}:1: " in answer.stderr for line in range(1, 21))
