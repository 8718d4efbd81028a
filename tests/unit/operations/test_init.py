"""The first platform.yaml: never in the place of another file, and right as it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from platformctl.config.load import load
from platformctl.errors import ConfigError, PreconditionError
from platformctl.operations.context import Unloaded
from platformctl.operations.init import init


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "My Shop"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_an_existing_file_is_never_overwritten(folder: Path) -> None:
    (folder / "platform.yaml").write_text("mine")
    with pytest.raises(PreconditionError, match="exists already") as refused:
        init(Unloaded(None, "local", print))
    assert "platformctl config check" in refused.value.fix
    assert (folder / "platform.yaml").read_text() == "mine"
    assert os.listdir(folder) == ["platform.yaml"]


def test_a_link_to_nowhere_is_not_written_through(folder: Path) -> None:
    (folder / "platform.yaml").symlink_to(folder / "elsewhere")
    with pytest.raises(PreconditionError, match="exists already"):
        init(Unloaded(None, "local", print))
    assert not (folder / "elsewhere").exists()


def test_a_folder_that_does_not_exist_is_told(folder: Path) -> None:
    with pytest.raises(PreconditionError, match="cannot be written"):
        init(Unloaded(Path("missing/platform.yaml"), "local", print))


def test_what_is_written_is_the_configuration_that_was_in_force_without_it(folder: Path) -> None:
    before = load(None, "local", {})
    made = init(Unloaded(None, "local", print))
    after = load(None, "local", {})
    assert (made.environment, made.file) == ("local", str(folder / "platform.yaml"))
    assert after.config.platform == "my-shop"
    assert (after.config, after.origin) == (before.config, before.origin)
    assert after.provenance["platform"].startswith("platform.yaml:")
    assert os.listdir(folder) == ["platform.yaml"]


def test_the_file_that_was_named_is_written(folder: Path) -> None:
    made = init(Unloaded(Path("other.yaml"), "local", print))
    assert (folder / "other.yaml").is_file()
    assert made.next_steps == (
        "platformctl config show --file other.yaml",
        "platformctl up --file other.yaml",
    )


def test_an_environment_gets_an_overlay_beside_the_file_once(folder: Path) -> None:
    made = init(Unloaded(None, "staging", print))
    assert made.file == str(folder / "environments/staging.yaml")
    assert made.next_steps[1] == "platformctl up --env staging"
    assert load(None, "staging", {}).environment == "staging"
    with pytest.raises(PreconditionError, match="exists already"):
        init(Unloaded(None, "staging", print))


def test_an_environment_without_a_proper_name_is_not_written(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no environment can be called"):
        init(Unloaded(None, "../staging", print))
    assert os.listdir(folder) == []
