from __future__ import annotations

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
