from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.operations.overview import overview
from tests.support import context


@pytest.mark.usefixtures("home")
def test_where_nothing_was_made_yet_the_next_command_is_up() -> None:
    shown = overview(context())
    assert (shown.environment, shown.target, shown.state) == ("local", "local", "not made yet")
    assert shown.next_steps == ("platformctl up",)


@pytest.mark.usefixtures("home")
def test_what_is_stopped_is_told_to_have_kept_its_data() -> None:
    ctx = context()
    ctx.backends.cluster.claim()
    shown = overview(ctx)
    assert shown.state == "stopped; its data is kept"
    assert shown.next_steps == ("platformctl up",)


@pytest.mark.usefixtures("home")
def test_the_next_command_names_the_environment_when_it_is_not_the_usual_one() -> None:
    Path("environments").mkdir()
    Path("environments/stage.yaml").write_text("gateway: {port: 9000}\n")
    assert overview(context(environment="stage")).next_steps == ("platformctl up --env stage",)
