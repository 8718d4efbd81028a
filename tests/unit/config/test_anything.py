"""Whatever a file or variable holds, the answer is a configuration or a ConfigError, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from platformctl.config.load import Loaded, load
from platformctl.config.tree import settings as known_settings
from platformctl.errors import ConfigError

SOME = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEYS = st.sampled_from([key for each in known_settings() for key in each.path] + ["items", "auth"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(KEYS | st.text(max_size=8), below, max_size=4)
    ),
    max_leaves=15,
)
SCRAPS = st.lists(
    st.sampled_from([*"ab:-,[]{}&*!|>'\"%@`#?~ ", "\n", "\t", "<<", "---", "..."])
    | st.sampled_from(["\n", "\n  ", " ", ": ", "- ", "gateway", "port", "0o8", "1_", "0x", ".inf", "1:30"])
    | st.sampled_from(
        ["!!int ", "!!float x", "!!map ", "!<x> ", "%YAML 1.1\n---\n", "%TAG ! x\n", "2001-01-01"]
    )
    | st.characters(),
    max_size=40,
).map("".join)


def outcome(file: Path, content: bytes, environ: dict[str, str] | None = None) -> None:
    file.write_bytes(content)
    try:
        assert isinstance(load(file, "local", environ or {}), Loaded)
    except ConfigError as error:
        told = [error.message, *error.evidence]
        assert all(line.isprintable() for line in told), told
        assert all(line.encode() for line in told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "platform.yaml"


@SOME
@given(content=st.binary(max_size=200))
def test_any_bytes(file: Path, content: bytes) -> None:
    outcome(file, content)


@SOME
@given(text=SCRAPS)
@example(text="%YAML 9.9\n---\na: 1")
@example(text="%YAML 1.1\n---\ngateway: {port: 1:30}")
@example(text="gateway: {port: !!int 0b2}")
@example(text="? [a]\n: b")
@example(text='"\\ud800": 1')
def test_any_scraps_of_yaml(file: Path, text: str) -> None:
    outcome(file, text.encode(errors="surrogatepass"))


@SOME
@given(tree=TREES)
def test_any_tree(file: Path, tree: object) -> None:
    outcome(file, json.dumps(tree).encode())


@SOME
@given(
    name=st.lists(KEYS | st.text("ABC_", max_size=5), min_size=1, max_size=4).map(
        lambda keys: "__".join(keys).upper()
    ),
    text=TREES.map(json.dumps) | st.text(max_size=30),
)
def test_any_variable(file: Path, name: str, text: str) -> None:
    outcome(file, b"# nothing\n", {f"PLATFORMCTL__{name}": text.replace("\0", "")})
