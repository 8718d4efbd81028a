from __future__ import annotations

import sys

from platformctl.errors import PlatformError
from platformctl.ui.failure import failure_lines


def test_a_failure_is_told_in_a_fixed_order_and_its_command_is_never_wrapped() -> None:
    command = "platformctl restore latest " + "--at 2026-01-01 " * 8
    error = PlatformError(
        "the backup b1 does not hold what its manifest says " * 2,
        cause="checksum differs",
        state="The live database was not touched.",
        evidence=[f"line {number}" for number in range(20)],
        fix=command,
    )
    shown = failure_lines(error, sys.stderr)
    labels = ("✗ the", "  why:", "  now:", "  seen", "  ref:", "  next")
    assert [line[:6].rstrip() for line in shown if line.startswith(labels)] == [
        *("✗ the", "  why:", "  now:", "  seen", "  ref:", "  next")
    ]
    assert shown[-1] == f"  next: {command}"
    assert "    line 19" in shown
    assert "    line 7" not in shown
    assert max(len(line) for line in shown[:-1]) <= 80


def test_a_cause_that_only_repeats_the_message_is_left_out() -> None:
    shown = failure_lines(PlatformError("psql failed", cause="psql failed"), sys.stderr)
    assert shown == ("✗ psql failed", "  ref:  failed")


def test_advice_that_is_a_sentence_is_wrapped() -> None:
    fix = "set XDG_STATE_HOME to a directory that can be written, then repeat the command: platformctl up"
    *_, first, second = failure_lines(PlatformError("it failed", fix=fix), sys.stderr)
    assert first.startswith("  next: set ")
    assert second.startswith("        ")
    assert len(first) <= 80
