"""Findings that were announced are shown as they come, in the columns of all of them."""

from __future__ import annotations

import pytest

from platformctl.events import Finding, Planned
from platformctl.ui.human import Human


def test_a_planned_finding_is_shown_at_once_in_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Human("verify", False, False, None)
    screen(Planned(("GET /users", "GET /users/{id}")))
    screen(Finding("GET /users", "pass", "as promised"))
    assert capsys.readouterr().out == "✓ GET /users       as promised\n"
    screen(Finding("GET /users/{id}", "fail", "not as promised", "200 instead of 403"))
    assert capsys.readouterr().out.splitlines() == [
        "✗ GET /users/{id}  not as promised",
        "                   200 instead of 403",
    ]
    screen.result(None)
    assert capsys.readouterr().out == ""


def test_other_findings_wait_for_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Human("health", False, False, None)
    screen(Finding("gateway", "pass", "answers"))
    assert capsys.readouterr().out == ""
    screen.result(None)
    assert capsys.readouterr().out == "✓ gateway  answers\n"
