"""How a variable's name and text become a setting."""

from __future__ import annotations

import pytest

from platformctl.config.variables import read


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("PLATFORMCTL__GATEWAY__HOSTS", "a.org", "gateway.hosts: must be JSON"),
        ("PLATFORMCTL__GATEWAY__HOSTS", '["a.org"', "gateway.hosts: must be JSON"),
        ("PLATFORMCTL__GATEWAY", '{"port": 1, "port": 2}', "gateway: must be JSON"),
        ("PLATFORMCTL__GATEWAY", '{"port": NaN}', "gateway: must be JSON"),
        ("PLATFORMCTL__GATEWAY__HOSTS", "[" * 100_000, "gateway.hosts: must be JSON"),
        ("PLATFORMCTL__", "1", "names no setting"),
        ("PLATFORMCTL____PORT", "1", "names no setting"),
        ("PLATFORMCTL__GATEWAY__", "1", "names no setting"),
    ],
)
def test_a_variable_that_cannot_be_read_is_told(name: str, text: str, told: str) -> None:
    (problem,) = read({name: text}).problems
    assert str(problem).startswith(f"{name}: {told}")


@pytest.mark.parametrize(
    ("name", "text", "data"),
    [
        ("PLATFORMCTL__GATEWAY__PORT", "9000", {"gateway": {"port": 9000}}),
        ("PLATFORMCTL__GATEWAY__PORT", "many", {"gateway": {"port": "many"}}),
        ("PLATFORMCTL__GATEWAY__DOCS", "false", {"gateway": {"docs": False}}),
        ("PLATFORMCTL__GATEWAY__HOSTS", '["a.org"]', {"gateway": {"hosts": ["a.org"]}}),
        ("PLATFORMCTL__GATEWAY", '{"port": 1}', {"gateway": {"port": 1}}),
        ("PLATFORMCTL__PLATFORM", "true", {"platform": "true"}),
        ("PLATFORMCTL__MAIL__SMTP", "null", {"mail": {"smtp": None}}),
        ("PLATFORMCTL__MAIL__SMTP", "smtp://a", {"mail": {"smtp": "smtp://a"}}),
        ("PLATFORMCTL__SERVICES__ITEMS__REPLICAS", "3", {"services": {"items": {"replicas": 3}}}),
        ("PLATFORMCTL__SERVICES__ITEMS", '{"replicas": 3}', {"services": {"items": {"replicas": 3}}}),
        ("PLATFORMCTL__DATABASE__VERSION", "18", {"database": {"version": 18}}),
        ("PLATFORMCTL__GATEWAY__PROT", "1", {"gateway": {"prot": "1"}}),
        ("PLATFORMCTL_FILE", "x", {}),
        ("PLATFORMCTL_STATE", "x", {}),
    ],
)
def test_a_variable_becomes_the_setting_that_it_names(name: str, text: str, data: object) -> None:
    layer = read({name: text})
    assert layer.problems == []
    assert layer.data == data


def test_a_single_setting_corrects_a_section() -> None:
    layer = read({"PLATFORMCTL__GATEWAY__PORT": "2", "PLATFORMCTL__GATEWAY": '{"port": 1, "docs": false}'})
    assert layer.data == {"gateway": {"port": 2, "docs": False}}
    assert str(layer.values[("gateway", "port")]) == "PLATFORMCTL__GATEWAY__PORT"
    assert str(layer.values[("gateway", "docs")]) == "PLATFORMCTL__GATEWAY"
