"""What verify takes as an address and as credentials, before anything is asked."""

from __future__ import annotations

import pytest
import typer

from platformctl.cli.verify import PASSWORD, USER, _address, _credentials


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://api.example.org", "https://api.example.org"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("localhost:8080", "http://localhost:8080"),
        ("https://api.example.org/api/v1/", "https://api.example.org"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_scheme_host_and_port(given: str, address: str) -> None:
    assert _address(given) == address


@pytest.mark.parametrize(
    "given",
    ["ftp://h", "http://", "http://user:password@h", "http://h/elsewhere", "http://h?x=1", "http://h:99999"],
)
def test_what_is_no_plain_address_is_refused(given: str) -> None:
    with pytest.raises(typer.BadParameter):
        _address(given)


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER, "root@example.com")
    monkeypatch.setenv(PASSWORD, "Kennwort")
    user, password = _credentials("http://h")
    assert (user, password.get_secret_value()) == ("root@example.com", "Kennwort")
    assert "Kennwort" not in repr(password)


def test_half_of_the_credentials_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER, "root@example.com")
    monkeypatch.delenv(PASSWORD, raising=False)
    with pytest.raises(typer.BadParameter):
        _credentials("http://h")


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (USER, PASSWORD):
        monkeypatch.delenv(name, raising=False)
    user, password = _credentials("http://h")
    assert (user, password.get_secret_value()) == ("", "")
