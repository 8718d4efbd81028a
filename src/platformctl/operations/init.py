"""A first platform.yaml, written from the template; a file that is there is never overwritten."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from platformctl.config.load import FILE_NAME, working_directory
from platformctl.config.paths import packed
from platformctl.config.values import as_label
from platformctl.errors import PreconditionError
from platformctl.operations.context import Unloaded


@dataclass(frozen=True, slots=True)
class Initialised:
    file: str
    platform: str
    next_steps: tuple[str, ...] = ()


def init(unloaded: Unloaded) -> Initialised:
    """Raises PreconditionError when the file exists or cannot be written."""
    file = working_directory() / (unloaded.file or FILE_NAME)
    platform = as_label(file.parent.resolve().name)
    text = (packed("templates") / FILE_NAME).read_text(encoding="utf-8")
    _write_new(file, text.replace("{platform}", platform))
    named = f" --file {unloaded.file}" if unloaded.file else ""
    return Initialised(str(file), platform, (f"platformctl config show{named}", f"platformctl up{named}"))


def _write_new(file: Path, text: str) -> None:
    """The file appears whole or not at all, and never in the place of another."""
    try:
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
