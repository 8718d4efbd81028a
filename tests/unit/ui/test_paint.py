from __future__ import annotations

import io

import pytest

from platformctl.ui.paint import colourful, mark, painted, wrapped


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def test_a_mark_is_coloured_on_a_terminal_only(terminal: Terminal) -> None:
    assert painted("  ✓ disk", terminal) == "  \033[32m✓\033[0m disk"
    assert painted("  ✓ disk", io.StringIO()) == "  ✓ disk"
    assert painted("plain words", terminal) == "plain words"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colour_gets_none(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert colourful(terminal)
    monkeypatch.setenv(name, value)
    assert painted("✗ disk", terminal) == "✗ disk"


def test_an_encoding_without_the_sign_gets_a_word() -> None:
    assert mark("fail", io.TextIOWrapper(io.BytesIO(), encoding="ascii")) == "NO"
    assert mark("fail", io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) == "✗"


def test_long_text_is_wrapped_at_80_columns_and_a_path_is_never_broken() -> None:
    path = "/" + "x" * 100
    lines = wrapped(f"{'word ' * 30}{path} end", "  why:  ", "        ")
    assert lines[0].startswith("  why:  word")
    assert [line for line in lines if len(line) > 80] == [f"        {path}"]


def test_empty_text_keeps_its_label() -> None:
    assert wrapped("", "size  ", "      ") == ("size",)
