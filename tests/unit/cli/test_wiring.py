"""The course that every verb takes: banner, rehearsal, run, record, result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from platformctl.shell.command import Answer, Command
from platformctl.shell.runner import OnLine, RealRunner
from tests.unit.cli.conftest import Run


def test_a_dry_run_tells_what_would_change_and_changes_nothing(run: Run, home: Path) -> None:
    for verb in ("small", "costly", "destroy"):
        code, out, err = run(verb, "made", "--dry-run")
        assert (code, out) == (0, f"{verb} would change in local:\n  touch made\n")
        assert err == f"{verb}: environment local, target local\n"
    assert not Path("made").exists()
    assert not (home / "state").exists()


def test_a_dry_run_can_be_read_by_programs(run: Run) -> None:
    _, out, _ = run("small", "made", "--dry-run", "--output", "json")
    assert json.loads(out)["data"] == {"verb": "small", "environment": "local", "changes": ["touch made"]}


def test_a_change_tells_first_where_it_acts(run: Run) -> None:
    code, out, err = run("small", "made")
    assert code == 0
    assert err.splitlines()[0] == "small: environment local, target local"
    assert out.splitlines() == ["path  made", "size  0", "", "Next:", "  platformctl status"]


def test_a_verb_that_only_reads_leaves_nothing_behind(run: Run, home: Path) -> None:
    assert run("check", "yes")[0] == 0
    assert not (home / "state").exists()


def test_the_record_of_a_change_has_its_arguments_and_its_end(run: Run, home: Path) -> None:
    run("small", "made")
    record = home / "state/platformctl/shop/local/audit.jsonl"
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(each["change"], each["outcome"]) for each in lines] == [
        ("touch made", "started"),
        ("touch made", "done"),
        ("platformctl small", "done"),
    ]
    assert {each["run"] for each in lines} == {lines[0]["run"]}
    assert lines[0]["arguments"] == {"path": "made"}


def test_a_caller_can_bring_a_runner_of_its_own(run: Run) -> None:
    seen: list[str] = []

    class Recording(RealRunner):
        def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
            seen.append(str(command))
            return super().run(command, on_line)

    assert run("small", "made", make_runner=Recording)[0] == 0
    assert seen == ["touch made"]


@pytest.mark.parametrize(
    ("variable", "value", "flag"),
    [("PLATFORMCTL_ENV", "stage", ""), ("PLATFORMCTL_ENV", "other", "stage")],
)
def test_the_environment_comes_from_its_option_then_its_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, flag: str
) -> None:
    Path("platform.yaml").write_text("platform: shop\n")
    Path("environments").mkdir()
    Path("environments/stage.yaml").write_text("gateway: {port: 9000}\n")
    monkeypatch.setenv(variable, value)
    code, out, _ = run("small", "made", "--dry-run", *(["--env", flag] if flag else []))
    assert (code, out) == (0, "small would change in stage:\n  touch made\n")


def test_the_configuration_comes_from_its_option_then_its_variable(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "a.yaml").write_text("platform: alpha\n")
    (home / "b.yaml").write_text("platform: beta\n")
    monkeypatch.setenv("PLATFORMCTL_FILE", str(home / "a.yaml"))
    run("small", "made")
    run("small", "made", "--file", str(home / "b.yaml"))
    assert sorted(each.name for each in (home / "state/platformctl").iterdir()) == ["alpha", "beta"]


def test_an_unknown_environment_is_a_configuration_error(run: Run) -> None:
    code, _, err = run("small", "made", "--env", "prod")
    assert code == 3
    assert "prod" in err
    assert not Path("made").exists()


def test_findings_can_be_written_for_a_ci_server(run: Run) -> None:
    code, out, _ = run("check", "no", "--junit", "reports/check.xml")
    assert code == 5
    assert "✗ gateway  the gateway does not answer" in out
    written = Path("reports/check.xml").read_text()
    assert 'tests="3" failures="1"' in written


def test_a_report_that_cannot_be_written_is_told(run: Run) -> None:
    Path("reports").write_text("")
    code, _, err = run("check", "yes", "--junit", "reports/check.xml")
    assert code != 0
    assert "reports" in err
