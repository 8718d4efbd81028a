"""Where things lie: an environment's state and backups, and the files packed with the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from platformctl.errors import ConfigError, PreconditionError

if TYPE_CHECKING:
    from platformctl.config.schema import PlatformConfig


def state_directory(platform: str, environment: str, environ: Mapping[str, str]) -> Path:
    """Data, secrets, logs and records of one environment; not made here."""
    return _state_home(environ) / "platformctl" / platform / environment


def backups_directory(config: PlatformConfig, environment: str, environ: Mapping[str, str]) -> Path:
    """Where backups go: never inside the environment's state, so that purging it cannot reach them.

    Keys of objects begin with platform and environment, so a directory may serve several.
    Raises ConfigError when objects.directory says otherwise.
    """
    state = state_directory(config.platform, environment, environ)
    if config.objects.directory is None:
        return state.with_name(f"{environment}.backups")
    chosen = Path(config.objects.directory)
    if state.resolve() in (chosen.resolve(), *chosen.resolve().parents):
        raise ConfigError(
            "objects.directory lies inside the state directory, which down --purge deletes",
            cause=f"backups would lie in {chosen}",
            fix="name another directory in objects.directory",
        )
    return chosen


def keys_directory(config: PlatformConfig, environment: str, environ: Mapping[str, str]) -> Path:
    """Where the keys of backups lie: apart from the backups, and like them outside of the state."""
    return state_directory(config.platform, environment, environ).with_name(f"{environment}.keys")


def drill_directory(platform: str, environment: str, environ: Mapping[str, str]) -> Path:
    """Where a drill has its throwaway environment: on the disk of the live one, whose size it has."""
    state = state_directory(platform, environment, environ)
    return state.with_name(f"{environment}.drill")


def packed(name: str) -> Path:
    """A folder such as templates/: beside src/ in a checkout, inside the package in a wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "packed" / name, package.parent.parent / name):
        if folder.is_dir():
            return folder
    raise PreconditionError(
        f"the installation lacks its folder {name}",
        cause=f"looked in {package / 'packed'} and {package.parent.parent}",
        fix="install platformctl again",
    )


def _state_home(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("XDG_STATE_HOME", "")
    if chosen.startswith("/"):  # the specification says to ignore a relative path
        return Path(chosen)
    home = environ.get("HOME") or str(Path("~").expanduser())
    return Path(home) / ".local" / "state"
