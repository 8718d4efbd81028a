from __future__ import annotations

import pytest

from platformctl.events import LogLine
from platformctl.ui.log_line import log_line

HEAD = '{"event": "request", "level": "info", "timestamp": "2026-11-24T19:55:22.538901Z", "service": "items"'


def test_a_json_line_is_shown_as_time_level_event_and_fields() -> None:
    shown = log_line(LogLine("items-0", HEAD + ', "release": "r1", "status": 200, "route": "/items/{id}"}'))
    assert shown == "items-0 | 2026-11-24 19:55:22.538 info    request status=200 route=/items/{id}"


def test_a_traceback_stands_below_its_line() -> None:
    assert log_line(LogLine("a", HEAD + r', "exception": "Traceback\n  x"}')).endswith(
        "request\nTraceback\n  x"
    )


@pytest.mark.parametrize(
    "text", ["2026-11-24 19:49:27.219 UTC [1] LOG:  ready", "{", "[1]", '{"event": 1}', "7"]
)
def test_anything_else_is_shown_as_it_was_written(text: str) -> None:
    assert log_line(LogLine("postgres", text)) == f"postgres | {text}"
