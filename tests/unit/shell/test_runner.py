from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from platformctl.errors import CancelledRunError, CommandError, MissingToolError
from platformctl.shell import processes, signals
from platformctl.shell.child import KEPT_LINES
from platformctl.shell.command import Command
from platformctl.shell.runner import RealRunner


@pytest.fixture
def records() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def runner(records: list[tuple[str, str]]) -> RealRunner:
    return RealRunner(lambda words, outcome: records.append((words, outcome)))


def python(code: str, **options: object) -> Command:
    options.setdefault("mutates", False)
    return Command((sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def test_a_failing_command_tells_its_last_line_as_cause_and_its_last_lines_as_evidence(
    runner: RealRunner,
) -> None:
    code = "import sys\nfor n in range(100): print(n)\nprint('no such table', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CommandError, match="failed with exit code 3") as caught:
        runner.run(python(code))
    assert caught.value.cause == "no such table"
    said, complained = caught.value.evidence[1:-1], caught.value.evidence[-1]
    assert said == tuple(str(n) for n in range(100 - KEPT_LINES, 100))
    assert complained == "no such table"
    assert caught.value.evidence[0].startswith("$ python")


def test_a_command_that_hangs_is_ended_with_its_children_and_the_limit_is_told(
    runner: RealRunner, tmp_path: Path
) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))\n"
        "time.sleep(60)"
    )
    begun = time.monotonic()
    with pytest.raises(CommandError, match=r"did not finish in 1 s") as caught:
        runner.run(python(code, timeout=1.0))
    assert caught.value.reference == "command/timeout"
    assert time.monotonic() - begun < 8
    grandchild = int((tmp_path / "pid").read_text())
    gone = not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE
    assert gone


def test_a_program_that_is_not_there_is_a_missing_tool_and_claims_no_state(runner: RealRunner) -> None:
    with pytest.raises(MissingToolError, match="no-such-program cannot be started") as caught:
        runner.run(Command(("/nowhere/no-such-program",), mutates=False))
    assert (caught.value.exit_code, caught.value.state) == (4, "")


def test_secrets_reach_the_child_and_are_masked_in_what_it_says(runner: RealRunner) -> None:
    code = "import os, sys; print(os.environ['KEY'], sys.stdin.read()); sys.exit(1)"
    command = python(code, env={"KEY": SecretStr("hunter2")}, stdin=SecretStr("hunter3"))
    with pytest.raises(CommandError) as caught:
        runner.run(command)
    assert "*** ***" in caught.value.evidence
    assert "hunter" not in str(caught.value.evidence) + caught.value.cause


def test_what_changes_something_is_recorded_before_and_after(
    runner: RealRunner, records: list[tuple[str, str]]
) -> None:
    runner.run(Command(("true",), mutates=False))
    assert records == []
    runner.run(Command(("true",), mutates=True))
    with pytest.raises(CommandError):
        runner.run(Command(("false",), mutates=True))
    assert records == [
        ("true", "started"),
        ("true", "done"),
        ("false", "started"),
        ("false", "failed: CommandError"),
    ]


def test_a_call_that_fails_is_recorded_as_failed_and_its_error_passes(
    runner: RealRunner, records: list[tuple[str, str]]
) -> None:
    with pytest.raises(ZeroDivisionError):
        runner.call("divide", lambda: 1 // 0, mutates=True)
    assert runner.call("read", lambda: 7, mutates=False) == 7
    assert records == [("divide", "started"), ("divide", "failed: ZeroDivisionError")]


def test_a_pipe_streams_bytes_and_checks_the_exit_code_at_the_end(runner: RealRunner) -> None:
    writer = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4096)"
    with runner.pipe(python(writer)) as stream:
        assert stream.read() == bytes(range(256)) * 4096
    with (
        pytest.raises(CommandError, match="exit code 9"),
        runner.pipe(python("raise SystemExit(9)")) as stream,
    ):
        stream.read()


def test_a_feed_whose_child_ends_early_tells_the_childs_reason_instead_of_a_broken_pipe(
    runner: RealRunner,
) -> None:
    code = "import sys; print('disk is full', file=sys.stderr); sys.exit(5)"

    def write() -> None:
        with runner.feed(python(code)) as stream:
            for _ in range(64):
                stream.write(b"x" * 65536)
                time.sleep(0.01)

    with pytest.raises(CommandError, match="exit code 5") as caught:
        write()
    assert caught.value.cause == "disk is full"


def test_a_feed_hands_over_every_byte(runner: RealRunner) -> None:
    code = "import sys; sys.exit(len(sys.stdin.buffer.read()) != 1_000_000)"
    with runner.feed(python(code)) as stream:
        stream.write(b"y" * 1_000_000)


def test_a_child_that_reads_no_input_does_not_break_the_run(runner: RealRunner) -> None:
    runner.run(Command(("true",), mutates=False, stdin="z" * 1_000_000))


def test_other_exit_codes_can_be_an_answer(runner: RealRunner) -> None:
    answer = runner.run(Command(("false",), mutates=False, ok_codes=frozenset({0, 1})))
    assert answer.exit_code == 1


def test_ctrl_c_reaches_the_child_exactly_once_and_its_clean_up_is_awaited(
    runner: RealRunner, tmp_path: Path
) -> None:
    log = tmp_path / "signals"
    code = (
        "import signal, time, pathlib, sys\n"
        f"log = pathlib.Path({str(log)!r})\n"
        "def note(number, frame):\n"
        "    with log.open('a') as out: out.write(f'{number}\\n')\n"
        "    time.sleep(0.5); sys.exit(0)\n"
        "signal.signal(signal.SIGINT, note); signal.signal(signal.SIGTERM, note)\n"
        "log.write_text(''); time.sleep(30)"
    )

    def interrupt() -> None:
        deadline = time.monotonic() + 10
        while not log.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(CancelledRunError) as caught, signals.cancellation():
        runner.run(python(code, mutates=True))
    assert caught.value.exit_code == 130
    assert log.read_text().split() == [str(int(signal.SIGINT))]


def test_no_child_runs_on_when_the_run_is_cancelled_while_it_is_being_started(
    runner: RealRunner, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = Command(("sleep", "5"), mutates=True, env={"PCTL_TEST_START": str(tmp_path)})

    def interrupt(after: float) -> None:
        time.sleep(after)
        os.kill(os.getpid(), signal.SIGINT)

    def work(after: float) -> None:
        threading.Thread(target=interrupt, args=(after,), daemon=True).start()
        runner.run(command)

    for number in range(80):
        with pytest.raises(CancelledRunError), signals.cancellation():
            work(number * 0.00005)
    left = processes.carrying("PCTL_TEST_START", str(tmp_path))
    processes.end(left, grace=1)
    assert left == []
    assert "Traceback" not in capfd.readouterr().err


def test_a_program_that_cannot_be_started_is_recorded_as_failed(
    runner: RealRunner, records: list[tuple[str, str]]
) -> None:
    with pytest.raises(MissingToolError):
        runner.run(Command(("/nowhere/tool",), mutates=True))
    assert [outcome for _, outcome in records] == ["started", "failed: MissingToolError"]


def test_a_program_that_takes_over_has_its_secret_its_pipes_and_the_usual_death_of_them() -> None:
    code = (
        "import os; from pydantic import SecretStr; from platformctl.shell.command import Command\n"
        "from platformctl.shell.runner import RealRunner\n"
        "words = ('/bin/bash', '-c', 'echo $$ $KEY; read a; echo $a; (kill -PIPE $BASHPID; echo alive)')\n"
        "print(os.getpid(), flush=True)\n"
        "record = lambda words, outcome: print(outcome, 'hunter' in words, flush=True)\n"
        "RealRunner(record).become(Command(words, mutates=True, env={'KEY': SecretStr('hunter2')}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], input="typed\n", capture_output=True, text=True)
    pid, *said = ended.stdout.split("\n")
    assert said == ["started False", f"{pid} hunter2", "typed", ""]
    assert ended.stderr == ""
