"""Every way a run can end, and what the user is told then."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run

SAMPLE = (sys.executable, "-m", "tests.sample")
ROOT = Path(__file__).parents[3]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_a_platform_error_says_what_failed_why_the_state_and_the_next_command(run: Run) -> None:
    code, out, err = run("fail", "platform")
    assert (code, out) == (1, "")
    assert err.splitlines()[1:] == [
        "✗ it did not come up",
        "  why:  why not",
        "  now:  Nothing was touched.",
        "  seen:",
        "    one",
        "    two",
        "  ref:  step/unmet",
        "  next: platformctl status",
    ]


def test_the_state_tells_that_something_was_changed_and_where_it_is_listed(run: Run, home: Path) -> None:
    _, _, err = run("fail", "platform", "--after", "--env", "local")
    record = home / "state/platformctl/shop/local/audit.jsonl"
    assert f"{record} lists what" in " ".join(err.split())
    changes = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(each["change"], each["outcome"]) for each in changes] == [
        ("change something", "started"),
        ("change something", "done"),
        ("platformctl fail", "failed: StepError"),
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("full", "the disk is full: /state/x"),
        ("forbidden", "a file may not be used by this user: /state/x"),
        ("readonly", "the file system is read-only: /state/x"),
    ],
)
def test_what_the_machine_refuses_has_its_own_message(run: Run, kind: str, words: str) -> None:
    code, _, err = run("fail", kind)
    assert code == 4
    assert f"✗ {words}" in err
    assert "Nothing was touched." in err
    code, _, err = run("fail", kind, "--after")
    assert code == 1
    assert "Nothing was touched." not in err


@pytest.mark.parametrize("kind", ["no-folder", "no-program"])
def test_what_cannot_be_written_or_started_in_mid_verb_does_not_claim_that_nothing_was_touched(
    run: Run, kind: str
) -> None:
    code, _, err = run("fail", kind)
    assert code == 4
    assert "now:  Nothing was touched." in err
    code, out, err = run("fail", kind, "--after", "--output", "json")
    told = json.loads(out)
    assert (code, told["exit_code"]) == (1, 1)
    assert "had begun to change things" in told["error"]["state"]


def test_a_call_that_the_machine_refuses_is_no_bug(run: Run) -> None:
    code, _, err = run("fail", "call-reset", "--after")
    assert code == 1
    assert "✗ could not keep the deploy\n  why:  [Errno 104] Connection reset by peer" in err
    code, _, err = run("fail", "call-full")
    assert code == 1
    assert "✗ could not keep the deploy: the disk is full\n" in err
    assert "next: free some space, then repeat the command" in err


def test_an_unknown_error_keeps_its_traceback_in_a_private_file(run: Run, home: Path) -> None:
    code, out, err = run("fail", "bug")
    assert (code, out) == (70, "")
    assert "Traceback" not in err
    assert "hunter2" not in err
    (file,) = (home / "state/platformctl/.logs").iterdir()
    assert str(file) in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "ZeroDivisionError" in file.read_text()


def test_an_unknown_error_of_an_environment_that_exists_is_kept_with_its_logs(run: Run, home: Path) -> None:
    assert run("fail", "bug", "--after")[0] == 70
    assert len(list((home / "state/platformctl/shop/local/logs").glob("crash-*.log"))) == 1


def test_an_unknown_error_is_told_even_when_its_traceback_cannot_be_written(run: Run, home: Path) -> None:
    (home / "state/platformctl").mkdir(parents=True)
    (home / "state/platformctl/.logs").write_text("a file where the folder would be")
    code, _, err = run("fail", "bug")
    assert code == 70
    assert "the traceback could not be written" in err


def test_bad_flags_are_a_usage_error(run: Run) -> None:
    code, out, err = run("small")
    assert (code, out) == (2, "")
    assert "Missing argument 'path'" in err
    code, out, _ = run("small", "--output", "json")
    assert code == 2
    assert json.loads(out)["error"]["reference"] == "usage"


def test_a_json_failure_is_one_object_on_stdout(run: Run) -> None:
    code, out, _ = run("fail", "platform", "--output", "json")
    told = json.loads(out)
    assert (told["ok"], told["exit_code"], code) == (False, 1, 1)
    assert told["error"] == {
        "message": "it did not come up",
        "cause": "why not",
        "state": "Nothing was touched.",
        "evidence": ["one", "two"],
        "fix": "platformctl status",
        "reference": "step/unmet",
    }


def test_a_configuration_that_is_wrong_is_exit_3(run: Run) -> None:
    Path("platform.yaml").write_text("platfrom: shop\n")
    code, out, err = run("small", "made")
    assert (code, out) == (3, "")
    assert "platfrom" in err
    assert not Path("made").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("home")
def test_a_signal_ends_the_run_with_its_code_and_a_message(number: signal.Signals, code: int) -> None:
    child = subprocess.Popen((*SAMPLE, "fail", "hang"), stderr=subprocess.PIPE, text=True, env=environment())
    assert child.stderr is not None
    while child.stderr.readline() != "hanging\n":
        assert child.poll() is None
    child.send_signal(number)
    said = child.stderr.read()
    child.stderr.close()
    assert child.wait(10) == code
    assert f"cancelled by {number.name}" in said
    assert "now:" in said
    assert "next:" in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_the_first_imports_ends_the_run_with_its_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Also where Python would drop a KeyboardInterrupt, and go on with the verb."""
    (tmp_path / "typer.py").write_text(
        "import os\n"
        "class Dropping:\n"
        f"    def __del__(self): os.kill(os.getpid(), {number:d}); os.getpid()\n"
        "Dropping()\n"
        "print('it went on')\n"
    )
    command = (sys.executable, "-m", "platformctl", "status")
    variables = {**environment(), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")


@pytest.mark.usefixtures("home")
def test_a_reader_who_leaves_ends_the_stream_quietly() -> None:
    words = f"set -o pipefail; {sys.executable} -m tests.sample stream 100000 | head -2"
    done = subprocess.run(
        ["bash", "-c", words], capture_output=True, text=True, env=environment(), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "items-0 | line 0"


@pytest.mark.usefixtures("home")
def test_a_reader_of_progress_who_leaves_does_not_stop_the_change() -> None:
    words = f"{sys.executable} -m tests.sample small made 2>&1 >/dev/null | true"
    subprocess.run(["bash", "-c", words], env=environment(), check=False)
    assert Path("made").exists()


@pytest.mark.parametrize("output", ["human", "json"])
@pytest.mark.usefixtures("home")
def test_a_full_disk_behind_stdout_is_told_on_stderr(output: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (*SAMPLE, "small", "made", "--output", output),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("home")
def test_a_locale_without_our_signs_does_not_break_a_verb() -> None:
    env = {**environment(), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run((*SAMPLE, "check", "yes"), capture_output=True, env=env, check=False)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == b"ok disk  there is room"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [("--version", 0), ("status", 0), ("health", 5), ("--nonsense", 2)],
)
def test_a_stream_that_is_closed_at_the_start_changes_no_exit_code(
    home: Path, closed: str, words: str, code: int
) -> None:
    line = f"exec {sys.executable} -m platformctl {words} {closed}"
    ended = subprocess.run(["sh", "-c", line], env=environment(), capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("option", ["--env", "--dry-run"])
def test_an_option_before_its_verb_is_told_where_it_stands(option: str) -> None:
    command = [sys.executable, "-m", "platformctl", option, "staging", "up"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert f"platformctl up {option}" in done.stderr
