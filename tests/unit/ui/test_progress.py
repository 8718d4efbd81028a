from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from platformctl.events import Banner, Narrated, Notice, StepDone, StepProgress, StepStarted, step
from platformctl.ui.progress import Progress, make_progress
from tests.terminal import on_terminal

ROOT = Path(__file__).parents[3]


def nested(report: Progress) -> None:
    report(Banner("up", "local", "local"))
    report(StepStarted("outer"))
    report(StepProgress("outer", "half", 0.5))
    report(StepStarted("inner"))
    report(StepDone("inner", 0.2, "3 rows"))
    report(Notice("port 8080 is in use"))
    report(StepDone("outer", 1.25))
    report(Narrated("touch x"))


def test_only_whole_steps_are_told_to_who_asked_for_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    nested(Progress(verbose=False))
    assert capsys.readouterr().err.splitlines() == [
        "up: environment local, target local",
        "! port 8080 is in use",
        "✓ outer (1.2 s)",
        "would: touch x",
    ]


def test_the_verbose_see_steps_within_steps(capsys: pytest.CaptureFixture[str]) -> None:
    nested(Progress(verbose=True))
    assert capsys.readouterr().err.splitlines()[1:6] == [
        "outer ...",
        "  half 50%",
        "  inner ...",
        "  ✓ inner: 3 rows (0.2 s)",
        "! port 8080 is in use",
    ]


def test_a_step_that_failed_is_told_at_every_depth(capsys: pytest.CaptureFixture[str]) -> None:
    report = Progress(verbose=False)

    def fail() -> None:
        with step(report, "outer"), step(report, "inner"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [line.split(" (")[0] for line in capsys.readouterr().err.splitlines()] == ["  ✗ inner", "✗ outer"]


def test_without_a_terminal_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    nested(make_progress(verbose=False))
    assert "\033" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "moves"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_on_a_terminal_the_running_step_moves_unless_colour_is_unwanted(
    extra: dict[str, str], moves: bool
) -> None:
    code = (
        "import time\nfrom platformctl.events import *\nfrom platformctl.ui.progress import make_progress\n"
        "report = make_progress(False)\n"
        "with step(report, 'start ' + 'x' * 100), step(report, 'inner') as current:\n"
        "    current.progress('[half] of it', 0.5); time.sleep(0.3); report(Notice('look'))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **extra}
    env = {name: value for name, value in env.items() if name != "NO_COLOR" or name in extra}
    status, shown = on_terminal((sys.executable, "-c", code), env=env)
    assert status == 0
    assert ("\033[" in shown) == moves
    assert "look" in shown
    assert shown.rstrip().splitlines()[-1].lstrip("\x1b[0123456789;lhK?Am\r").startswith(("✓ start", "✓"))
