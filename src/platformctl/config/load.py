"""Reads the file, its overlay and the variables, checks all at once, and keeps where each value is from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from platformctl.config import document, environments, variables
from platformctl.config.check import check, check_alone
from platformctl.config.layer import Layer, merge
from platformctl.config.paths import backups_directory
from platformctl.config.problems import Keys, Place, Problem, dotted, refuse, shown
from platformctl.config.schema import PlatformConfig, Section
from platformctl.config.values import as_label
from platformctl.errors import ConfigError

FILE_NAME = "platform.yaml"
S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`origin` is where the configuration stands, or would stand when there is no file.

    `files` are those that were read: the configuration and the environment's overlay. `provenance` has, for
    each dotted setting that is not a default, `file:line`, a variable's name, or the folder that the
    platform's name was made from; `places` where each value stands.
    """

    config: PlatformConfig
    environment: str
    origin: Path
    files: tuple[Path, ...]
    provenance: Mapping[str, str]
    places: Mapping[Keys, Place]


def load(file: Path | None, environment: str, environ: Mapping[str, str]) -> Loaded:
    """Raises ConfigError with everything that is wrong, in whichever of the three it stands."""
    loaded = examine(file, environment, environ)
    if isinstance(loaded, Loaded):
        return loaded
    refuse(loaded, environment)
    raise AssertionError("an examination without a result has problems")


def examine(file: Path | None, environment: str, environ: Mapping[str, str]) -> Loaded | list[Problem]:
    """The configuration, or all its problems in the order of their sources and lines.

    Raises ConfigError when the file or the environment that was asked for does not exist.
    """
    here = working_directory()
    found = find(file, here, environ)
    folder = found.parent if found else here
    files = [each for each in (found, environments.overlay(folder, environment)) if each]
    layers = [*(document.read(each, _shown(each, here)) for each in files), variables.read(environ)]
    merged = merge(layers)
    if "platform" not in merged.data:
        _name_after(folder.resolve().name, merged)
    outcome = check(merged)
    hidden = [problem for layer in layers for problem in check_alone(layer)]
    if problems := [*merged.problems, *hidden, *(outcome if isinstance(outcome, list) else [])]:
        sources = [layer.source for layer in layers]
        return sorted(
            dict.fromkeys(problems),
            key=lambda p: (sources.index(p.place.source) if p.place.source in sources else 9, p.place),
        )
    assert isinstance(outcome, PlatformConfig)
    config = _anchored(outcome, folder)
    backups_directory(config, environment, environ)
    origin = folder.resolve() / (found.name if found else FILE_NAME)
    read = tuple(each.resolve() for each in files)
    return Loaded(config, environment, origin, read, _provenance(merged), merged.values)


def find(file: Path | None, here: Path, environ: Mapping[str, str]) -> Path | None:
    """The configuration file; None when none is named and the folder has none. A named one must exist."""
    named = file or (Path(environ["PLATFORMCTL_FILE"]) if environ.get("PLATFORMCTL_FILE") else None)
    if named is None:
        if os.path.lexists(here / FILE_NAME):
            return here / FILE_NAME
        _refuse_other_spelling(here)
        return None
    path = here / named
    if not os.path.lexists(path):
        raise ConfigError(
            f"{shown(str(named))} does not exist",
            cause="named by --file or PLATFORMCTL_FILE",
            fix="name an existing file, or write a new one here: platformctl init",
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


def working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError("the working directory cannot be used", cause=str(error), fix="cd ~") from error


def _shown(file: Path, here: Path) -> str:
    return "".join(
        c if c.isprintable() else "?"
        for c in str(file.relative_to(here) if file.is_relative_to(here) else file)
    )


def _name_after(folder: str, merged: Layer) -> None:
    name = as_label(folder)
    told = "folder name" if folder == name else f"folder name {shown(folder)!r} as a DNS label"
    merged.data["platform"] = name
    merged.values[("platform",)] = Place(told)


def _anchored(config: PlatformConfig, folder: Path) -> PlatformConfig:
    """A relative path starts at the configuration's folder, wherever the command runs."""

    def anchored(section: S, *names: str) -> S:
        paths = {name: getattr(section, name) for name in names}
        update = {name: str(folder / path) for name, path in paths.items() if path is not None}
        return section.model_copy(update=update)

    tls = anchored(config.gateway.tls, "certificate", "key")
    return config.model_copy(
        update={
            "objects": anchored(config.objects, "directory"),
            "backup": anchored(config.backup, "key", "metrics"),
            "gateway": config.gateway.model_copy(update={"tls": tls}),
        }
    )


def _provenance(merged: Layer) -> dict[str, str]:
    return {
        dotted(path): f"{place.source}:{place.line}" if place.line else place.source
        for path, place in merged.values.items()
    }
