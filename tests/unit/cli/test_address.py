"""A command that a message names works when it is copied: it meets the same environment and file."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from platformctl import cli
from platformctl.cli.address import ANYWHERE, GROUPS, Address, Addressed
from platformctl.cli.app import root
from platformctl.errors import ConfigError, StepError
from platformctl.events import Finding, LogLine, Notice
from tests.commands import Leaf, leaves

STAGING = Address("staging", None)
VISIBLE = [leaf for leaf in leaves() if str(leaf) != "overview"]


def parsed(command: str) -> dict[str, object]:
    """The values of the options and arguments of a whole command line; raises when it is none."""
    program, *rest = shlex.split(command)
    assert program == "platformctl"
    leaf = next(each for each in leaves() if rest[: len(each.words)] == list(each.words))
    return leaf.command.make_context(rest[0], rest[len(leaf.words) :]).params


def needed(leaf: Leaf) -> str:
    options = [f"{each.opts[0]} x" for each in leaf.options if each.required]
    return " ".join([*("x" for each in leaf.arguments if each.required), *options])


@pytest.mark.parametrize("leaf", VISIBLE, ids=str)
def test_every_verb_takes_what_is_added_to_its_words(leaf: Leaf) -> None:
    plain = f"platformctl {leaf} {needed(leaf)}".strip()
    completed = Address("staging", Path("a folder/other.yaml")).complete(plain)
    if str(leaf) in ANYWHERE:
        assert not leaf.has("--env")
        assert completed == plain
        return
    params = parsed(completed)
    assert (params["env"], str(params["file"])) == ("staging", "a folder/other.yaml")


def test_the_groups_are_those_that_have_verbs_below_them() -> None:
    assert {leaf.words[0] for leaf in VISIBLE if len(leaf.words) > 1} == set(GROUPS)


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("platformctl up", "platformctl up --env staging"),
        ("free some space, then platformctl up", "free some space, then platformctl up --env staging"),
        (
            "platformctl history, then platformctl rollback --to ID",
            "platformctl history --env staging, then platformctl rollback --env staging --to ID",
        ),
        ("platformctl deploy brings it again", "platformctl deploy --env staging brings it again"),
        ("platformctl backup verify --all", "platformctl backup verify --env staging --all"),
        ("platformctl health --env staging", "platformctl health --env staging"),
        (
            "platformctl init --env other (writes it); platformctl up",
            "platformctl init --env other (writes it); platformctl up --env staging",
        ),
        ("install platformctl again", "install platformctl again"),
        ("platformctl met an error", "platformctl met an error"),
        ("platformctl --help", "platformctl --help"),
    ],
)
def test_commands_in_a_sentence_get_the_environment_once(text: str, completed: str) -> None:
    assert STAGING.complete(text) == completed


def test_the_usual_environment_is_not_named_unless_a_variable_made_another_one_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PLATFORMCTL_ENV", raising=False)
    assert Address("local", None).complete("platformctl up") == "platformctl up"
    monkeypatch.setenv("PLATFORMCTL_ENV", "staging")
    assert Address("local", None).complete("platformctl up") == "platformctl up --env local"
    assert STAGING.complete("platformctl up") == "platformctl up --env staging"


@dataclass
class Shown:
    """A Screen that keeps what it is given."""

    given: list[Any] = field(default_factory=list)

    def __call__(self, event: object, /) -> None:
        self.given.append(event)

    rehearsal = result = failure = __call__


@dataclass(frozen=True)
class Done:
    next_steps: tuple[str, ...]


def test_all_that_is_shown_is_completed_and_what_programs_said_is_not() -> None:
    shown = Shown()
    screen = Addressed(shown, STAGING)
    up, complete = "platformctl up", "platformctl up --env staging"
    screen(Notice(up))
    screen(Finding("a", "fail", up, up, up))
    screen(LogLine("a", up))
    screen.result(Done((up,)))
    screen.failure(StepError(up, cause=up, state=up, fix=up, evidence=(up,), data=Done((up,))))
    screen.failure(ConfigError("wrong", evidence=(up,)))
    *others, error, wrong = shown.given
    assert others == [
        Notice(complete),
        Finding("a", "fail", complete, up, complete),
        LogLine("a", up),
        Done((complete,)),
    ]
    assert (error.message, error.cause, error.state, error.fix) == (complete,) * 4
    assert (error.evidence, error.data) == ((up,), Done((complete,)))
    assert wrong.evidence == (complete,)


SHOWN = [leaf for leaf in VISIBLE if str(leaf) not in (*ANYWHERE, "up", "init")]


@pytest.mark.parametrize("leaf", SHOWN, ids=str)
def test_every_command_that_a_verb_names_for_staging_means_staging(
    leaf: Leaf, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init"]) == cli.main(["init", "--env", "staging"]) == 0
    Path("platform.yaml").rename("other.yaml")
    capfd.readouterr()
    line = f"{leaf} {needed(leaf)} --env staging --file other.yaml --output json"
    cli.main([*shlex.split(line), *(["--yes"] if leaf.has("--yes") else [])], command=root())
    answer = json.loads(capfd.readouterr().out.splitlines()[-1])
    shown = [answer["error"]["fix"]] if answer["error"] else answer["data"].get("next_steps", [])
    shown += [each["fix"] for each in answer["findings"]]
    commands = [each for text in shown for each in re.findall(r"platformctl [a-z][^,;()]*", text)]
    for command in commands:
        params = parsed(command)
        assert (params["env"], str(params["file"])) == ("staging", "other.yaml"), command
