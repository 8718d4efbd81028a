"""A first platform.yaml, or the overlay of another environment; a file that is there is never overwritten."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from platformctl.config.environments import overlay_file
from platformctl.config.load import FILE_NAME, working_directory
from platformctl.config.paths import packed
from platformctl.config.values import as_label
from platformctl.errors import PreconditionError
from platformctl.operations.context import Unloaded


@dataclass(frozen=True, slots=True)
class Initialised:
    file: str
    environment: str
    next_steps: tuple[str, ...] = ()


def init(unloaded: Unloaded) -> Initialised:
    """Raises PreconditionError when the file exists or cannot be written."""
    base = working_directory() / (unloaded.file or FILE_NAME)
    platform, environment = as_label(base.parent.resolve().name), unloaded.environment
    suffix = f" --file {unloaded.file}" if unloaded.file else ""
    if environment == "local":
        file, template = base, FILE_NAME
    else:
        file, template = overlay_file(base.parent, environment), "environment.yaml"
        suffix += f" --env {environment}"
    text = (packed("templates") / template).read_text(encoding="utf-8")
    _write_new(file, text.replace("{platform}", platform).replace("{environment}", environment))
    next_steps = (f"platformctl config show{suffix}", f"platformctl up{suffix}")
    return Initialised(str(file), environment, next_steps)


def _write_new(file: Path, text: str) -> None:
    """The file appears whole or not at all, and never in the place of another."""
    try:
        if file.parent.name == "environments":
            file.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".platform-") as draft:
            draft.write(text.encode())
            draft.flush()
            os.fchmod(draft.fileno(), 0o644)
            os.fsync(draft.fileno())
            os.link(draft.name, file)
    except FileExistsError as error:
        raise PreconditionError(
            f"{file} exists already",
            cause="init writes a new configuration and never changes one",
            fix=f"edit it, then: platformctl config check; or move it away: mv {file.name} {file.name}.old",
            reference="init/exists",
        ) from error
    except OSError as error:
        raise PreconditionError(
            f"{file} cannot be written",
            cause=str(error),
            fix=f"make {file.parent} a folder that you can write to, and repeat",
            reference="init/not-written",
        ) from error
