"""The configuration itself: what it amounts to, whether it is right, and its reference."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import RootModel

from platformctl.config import certificates, reference
from platformctl.config.load import Loaded, examine, load
from platformctl.config.problems import Problem, dotted, refuse
from platformctl.config.tree import flat
from platformctl.errors import ConfigError
from platformctl.events import Finding
from platformctl.operations.context import Unloaded


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """`source` is default, a file with its line, a variable, or what the value was made from."""

    setting: str
    value: object
    source: str


@dataclass(frozen=True, slots=True)
class ShownConfiguration:
    """`files` are those that were read, or where the first would stand; no setting can hold a secret."""

    environment: str
    files: str
    settings: tuple[ShownSetting, ...]


@dataclass(frozen=True, slots=True)
class WrittenDocs:
    files: tuple[str, ...]


class JsonSchema(RootModel[dict[str, Any]]):
    """The schema as a mapping for machines, which people see as JSON text too."""

    def __str__(self) -> str:
        return json.dumps(self.root, indent=2, ensure_ascii=False)


def show(unloaded: Unloaded) -> ShownConfiguration:
    loaded = load(unloaded.file, unloaded.environment, os.environ)
    rows = (
        ShownSetting(dotted(path), value, loaded.provenance.get(dotted(path), "default"))
        for path, value in flat(loaded.config)
    )
    return ShownConfiguration(loaded.environment, _files(loaded), tuple(rows))


def _files(loaded: Loaded) -> str:
    return ", ".join(map(str, loaded.files)) or f"none; it would be {loaded.origin}"


def check(unloaded: Unloaded) -> None:
    """Report every problem as a finding; raises ConfigError when there is one."""
    outcome = examine(unloaded.file, unloaded.environment, os.environ)
    problems = outcome if isinstance(outcome, list) else certificates.problems(outcome.config, outcome.places)
    if not isinstance(outcome, list) and not problems:
        told = f"the configuration of environment {outcome.environment} is right"
        unloaded.report(Finding("config", "pass", f"{told}; target {outcome.config.target}"))
        return
    for problem in problems:
        unloaded.report(_finding(problem))
    try:
        refuse(problems, unloaded.environment)
    except ConfigError as error:
        raise ConfigError(error.message, fix=error.fix) from None  # the findings are the evidence


def _finding(problem: Problem) -> Finding:
    path = dotted(problem.path)
    message = f"{path}: {problem.sentence}" if path else problem.sentence
    return Finding(f"config/{path or 'file'}", "fail", message, evidence=str(problem.place))


def docs() -> str:
    return reference.markdown().rstrip()


def schema() -> JsonSchema:
    return JsonSchema(reference.json_schema())


def write_docs(folder: Path, others: Mapping[str, Callable[[], str]]) -> WrittenDocs:
    """Write the generated references into `folder`; `others` are files that only the caller can make."""
    ours = {"configuration.md": reference.markdown, "platform.schema.json": lambda: f"{schema()}\n"}
    files = {name: make() for name, make in {**ours, **others}.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"the references cannot be written into {folder}",
            cause=str(error),
            state="Files written before this one are complete.",
            fix="name a folder that can be written: platformctl config docs --write FOLDER",
            reference="docs/not-written",
        ) from error
    return WrittenDocs(tuple(str(folder / name) for name in files))
