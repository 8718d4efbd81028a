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
    file = overlay_file(folder, environment)
    if environment not in names:
        raise ConfigError(
            f"environment {environment} is not known",
            cause=f"known here: {', '.join(names)}",
            fix=f"name one of these, or add it: platformctl init --env {environment} (writes {file})",
            reference="config/unknown-environment",
        )
    return file if os.path.lexists(file) else None


def overlay_file(folder: Path, environment: str) -> Path:
    """Raises ConfigError when no environment can have this name."""
    if not LABEL.fullmatch(environment):
        raise ConfigError(
            f"no environment can be called {shown(environment) or 'nothing'}",
            cause=f"known here: {', '.join(known(folder))}",
            fix="use lower-case letters, digits and hyphens, beginning with a letter",
            reference="config/unknown-environment",
        )
    return folder / "environments" / f"{environment}.yaml"


def known(folder: Path) -> tuple[str, ...]:
    try:
        names = {file.stem for file in (folder / "environments").iterdir() if file.suffix == ".yaml"}
    except OSError:  # no such folder, or none that we may read
        names = set()
    return ("local", *sorted(name for name in names - {"local"} if LABEL.fullmatch(name)))
