"""Where state and backups lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.config.paths import backups_directory, packed, state_directory
from platformctl.config.schema import PlatformConfig
from platformctl.errors import ConfigError, PreconditionError


def configured(directory: Path | None) -> PlatformConfig:
    objects = {"directory": str(directory) if directory else None}
    return PlatformConfig.model_validate({"platform": "shop", "objects": objects})


@pytest.mark.parametrize("below", ["", "platformctl/shop/local", "platformctl/shop/local/deep"])
def test_backups_never_lie_in_the_state_that_purge_deletes(tmp_path: Path, below: str) -> None:
    (tmp_path / "platformctl/shop").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / below)
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    state = state_directory("shop", "local", environ)
    if below:
        with pytest.raises(ConfigError):
            backups_directory(configured(tmp_path / "link"), "local", environ)
    else:
        assert state not in backups_directory(configured(tmp_path / "link"), "local", environ).parents


def test_a_missing_packed_folder_is_told() -> None:
    with pytest.raises(PreconditionError, match="lacks its folder nothing"):
        packed("nothing")


def test_the_templates_are_found() -> None:
    assert (packed("templates") / "platform.yaml").is_file()


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/a"}, "/state/platformctl/shop/local"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/a"}, "/home/a/.local/state/platformctl/shop/local"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/a"}, "/home/a/.local/state/platformctl/shop/local"),
        ({"HOME": "/home/a"}, "/home/a/.local/state/platformctl/shop/local"),
    ],
)
def test_state_lies_below_the_state_home(environ: dict[str, str], state: str) -> None:
    assert state_directory("shop", "local", environ) == Path(state)


def test_environments_side_by_side_share_no_directory(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    found = [
        folder
        for environment in ("local", "staging")
        for folder in (
            state_directory("shop", environment, environ),
            backups_directory(configured(None), environment, environ),
        )
    ]
    assert len(set(found)) == 4
    assert not any(one in other.parents for one in found for other in found)


def test_a_chosen_directory_is_taken_as_it_is(tmp_path: Path) -> None:
    assert backups_directory(configured(tmp_path / "kept"), "local", {"HOME": "/h"}) == tmp_path / "kept"
