from __future__ import annotations

import pytest
from pydantic import SecretStr

from platformctl.shell.command import Answer, Command


def test_a_command_is_spoken_as_a_shell_would_take_it_without_its_program_path() -> None:
    assert str(Command(("/opt/bin/psql", "-c", "select 1"), mutates=False)) == "psql -c 'select 1'"


def test_a_command_says_nothing_of_its_environment_and_input() -> None:
    command = Command(
        ("psql",), mutates=False, env={"PGPASSWORD": SecretStr("hunter2")}, stdin=SecretStr("hunter3")
    )
    assert "hunter" not in str(command) + repr(command)


def test_every_author_must_decide_whether_a_command_changes_something() -> None:
    with pytest.raises(TypeError, match="mutates"):
        Command(("true",))  # type: ignore[call-arg]


def test_the_text_of_an_answer_is_its_lines() -> None:
    assert Answer(Command(("x",), mutates=False), 0, ("a", "b"), 0.1).text == "a\nb"
