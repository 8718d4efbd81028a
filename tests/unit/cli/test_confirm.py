"""What stands between a change and its damage, with and without a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.failures import told
from tests.terminal import on_terminal
from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parents[3]


def asked(*argv: str, answers: dict[str, str] | None = None) -> tuple[int, str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1"}
    return on_terminal((sys.executable, "-m", "tests.sample", *argv), answers, env=env)


def test_a_costly_change_without_terminal_is_refused_and_nothing_is_touched(run: Run, home: Path) -> None:
    code, _, err = run("costly", "made")
    assert code == 6
    assert "no terminal to ask on" in err
    assert "now:  Nothing was touched." in err
    assert "next: repeat the command with --yes" in err
    assert not Path("made").exists()
    assert not (home / "state").exists()


def test_yes_answers_for_a_costly_change(run: Run) -> None:
    assert run("costly", "made", "--yes")[0] == 0
    assert Path("made").exists()


@pytest.mark.parametrize("flags", [[], ["--yes"], ["--confirm", "local"], ["--yes", "--confirm", "prod"]])
def test_a_destructive_change_without_terminal_needs_yes_and_the_environments_name(
    run: Run, flags: list[str]
) -> None:
    code, _, err = run("destroy", "made", *flags)
    assert code == 6
    assert "--confirm local" in err
    if flags == ["--yes", "--confirm", "prod"]:
        told(46, err.strip())
    assert not Path("made").exists()


def test_yes_and_the_environments_name_allow_a_destructive_change(run: Run) -> None:
    assert run("destroy", "made", "--yes", "--confirm", "local")[0] == 0
    assert Path("made").exists()


def test_an_order_can_be_less_harmful_than_its_verb(run: Run) -> None:
    assert run("destroy", "made", "--gently")[0] == 0
    assert Path("made").exists()


@pytest.mark.usefixtures("home")
def test_on_a_terminal_a_costly_change_shows_its_rehearsal_and_asks() -> None:
    code, shown = asked("costly", "made", answers={"[y/N]": "n\n"})
    assert code == 6
    assert "costly would change in local:\n  touch made\n" in shown
    assert not Path("made").exists()
    code, shown = asked("costly", "made", answers={"[y/N]": "y\n"})
    assert code == 0
    assert Path("made").exists()


@pytest.mark.usefixtures("home")
def test_on_a_terminal_a_destructive_change_words_its_own_question_and_wants_the_name() -> None:
    code, shown = asked("destroy", "made", "--yes", answers={"to go ahead: ": "yes\n"})
    assert code == 6
    assert "made in local will be lost.\nType the environment's name (local) to go ahead:" in shown
    assert not Path("made").exists()
    code, _ = asked("destroy", "made", answers={"to go ahead: ": "local\n"})
    assert code == 0
    assert Path("made").exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("flags", [[], ["--yes"], ["--confirm", "local"]])
def test_on_a_terminal_a_second_question_is_asked_by_itself(flags: list[str]) -> None:
    first = {} if "--confirm" in flags else {"to go ahead: ": "local\n"}
    code, shown = asked("destroy", "made", "--twice", *flags, answers={**first, "[y/N]": "n\n"})
    assert code == 6
    assert "its copy in local will be lost. [y/N]" in shown
    assert not Path("made").exists()
    code, _ = asked("destroy", "made", "--twice", *flags, answers={**first, "[y/N]": "y\n"})
    assert code == 0
    assert Path("made").exists()


@pytest.mark.usefixtures("home")
def test_yes_and_the_environments_name_answer_both_questions() -> None:
    assert asked("destroy", "made", "--twice", "--yes", "--confirm", "local")[0] == 0


@pytest.mark.usefixtures("home")
def test_ctrl_c_at_the_question_cancels_with_nothing_touched() -> None:
    code, shown = asked("costly", "made", answers={"[y/N]": "\x03"})
    assert code == 130
    assert "now:  Nothing was touched." in shown
    assert not Path("made").exists()


@pytest.mark.usefixtures("home")
def test_the_end_of_input_at_the_question_means_no() -> None:
    assert asked("costly", "made", answers={"[y/N]": "\x04"})[0] == 6


def test_what_costs_nothing_asks_nothing(run: Run) -> None:
    assert run("small", "made")[0] == 0
