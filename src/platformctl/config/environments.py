"""Which environments a configuration has: `local`, and one for each overlay in environments/ beside it."""

from __future__ import annotations

import os
from pathlib import Path

from platformctl.config.problems import shown
from platformctl.config.values import LABEL
from platformctl.errors import ConfigError


def overlay(folder: Path, environment: str) -> Path | None:
    """The file that overlays `environment`, None for `local` without one; raises ConfigError when unknown."""
    names = known(folder)
    if environment not in names:
        raise ConfigError(
            f"environment {shown(environment)} is not known",
            cause=f"known here: {', '.join(names)}",
            fix=_how_to_add(folder, environment),
            reference="config/unknown-environment",
        )
    file = folder / "environments" / f"{environment}.yaml"
    return file if os.path.lexists(file) else None


def known(folder: Path) -> tuple[str, ...]:
    try:
        names = {file.stem for file in (folder / "environments").iterdir() if file.suffix == ".yaml"}
    except OSError:  # no such folder, or none that we may read
        names = set()
    return ("local", *sorted(name for name in names - {"local"} if LABEL.fullmatch(name)))


def _how_to_add(folder: Path, environment: str) -> str:
    if not LABEL.fullmatch(environment):
        return "name one of the known ones; a name is lower-case letters, digits and hyphens"
    return (
        f"name one of the known ones, or write what differs into {folder / 'environments'}/{environment}.yaml"
    )
