"""Reads the file, its overlay and the variables, checks all at once, and keeps where each value is from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformctl.config import document, environments, variables
from platformctl.config.check import check, check_alone
from platformctl.config.layer import Layer, merge
from platformctl.config.paths import backups_directory
from platformctl.config.problems import Place, Problem, dotted, refuse, shown
from platformctl.config.schema import PlatformConfig
from platformctl.config.values import as_label
from platformctl.errors import ConfigError

FILE_NAME = "platform.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """`origin` is the file, or the working directory when there is none.

    `provenance` has, for each dotted setting that is not a default, `file:line`, a variable's name, or the
    folder that the platform's name was made from.
    """

    config: PlatformConfig
    environment: str
    origin: Path
    provenance: Mapping[str, str]


def load(file: Path | None, environment: str, environ: Mapping[str, str]) -> Loaded:
    """Raises ConfigError with everything that is wrong, in whichever of the three it stands."""
    here = _working_directory()
    origin = find(file, here, environ)
    folder = origin if origin.is_dir() else origin.parent
    files = [] if origin == folder else [origin]
    if (overlay := environments.overlay(folder, environment)) is not None:
        files.append(overlay)
    layers = [*(document.read(each, _shown(each, here)) for each in files), variables.read(environ)]
    merged = merge(layers)
    if "platform" not in merged.data:
        merged.data["platform"] = as_label(folder.name)
        merged.values["platform",] = Place(_made_from(folder.name, as_label(folder.name)))
    config = _checked(merged, layers, environment)
    config = _anchored(config, folder)
    backups_directory(config, environment, environ)
    return Loaded(config, environment, origin, _provenance(merged))


def find(file: Path | None, here: Path, environ: Mapping[str, str]) -> Path:
    """The configuration file, or the working directory when there is none; a named file must exist."""
    named = file or (Path(environ["PLATFORMCTL_FILE"]) if environ.get("PLATFORMCTL_FILE") else None)
    if named is None:
        if not os.path.lexists(here / FILE_NAME):
            _refuse_other_spelling(here)
            return here
        return here / FILE_NAME
    path = here / named
    if not path.exists() or path.is_dir():
        by = "--file" if file else "PLATFORMCTL_FILE"
        raise ConfigError(
            f"{shown(str(named))}, named by {by}, " + ("is a folder" if path.is_dir() else "does not exist"),
            fix=f"name an existing file in {by}, or write one: platformctl init",
            reference="config/no-file",
        )
    return path


def _refuse_other_spelling(here: Path) -> None:
    if os.path.lexists(here / "platform.yml"):
        raise ConfigError(
            f"the configuration must be called {FILE_NAME}",
            cause=f"{here} has a platform.yml, which would not be read",
            fix=f"mv platform.yml {FILE_NAME}",
        )


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError("the working directory cannot be used", cause=str(error), fix="cd ~") from error


def _shown(file: Path, here: Path) -> str:
    return "".join(
        c if c.isprintable() else "?"
        for c in str(file.relative_to(here) if file.is_relative_to(here) else file)
    )


def _made_from(folder: str, name: str) -> str:
    return "folder name" if folder == name else f"folder name {shown(folder)!r}, as a DNS label"


def _checked(merged: Layer, layers: list[Layer], environment: str) -> PlatformConfig:
    outcome = check(merged)
    wrong: list[Problem] = outcome if isinstance(outcome, list) else []
    hidden = [problem for layer in layers for problem in check_alone(layer)]
    refuse([*merged.problems, *hidden, *wrong], environment)
    assert isinstance(outcome, PlatformConfig)
    return outcome


def _anchored(config: PlatformConfig, folder: Path) -> PlatformConfig:
    """A relative directory for backups starts at the configuration's folder, wherever the command runs."""
    if config.objects.directory is None:
        return config
    directory = str(folder / config.objects.directory)
    return config.model_copy(update={"objects": config.objects.model_copy(update={"directory": directory})})


def _provenance(merged: Layer) -> dict[str, str]:
    return {
        dotted(path): f"{place.source}:{place.line}" if place.line else place.source
        for path, place in merged.values.items()
    }
