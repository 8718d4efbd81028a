"""A command as a value: what would be run and whether it changes something; starts no process."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Command:
    """`timeout` is in seconds, None for no limit; only the runner reveals secrets in `env` and `stdin`.

    `stdin` is a text, or a file as it is.
    """

    argv: tuple[str, ...]
    mutates: bool  # no default: every author must decide
    env: Mapping[str, str | SecretStr] = field(default_factory=dict)
    stdin: str | SecretStr | BinaryIO | None = None
    cwd: Path | None = None
    ok_codes: frozenset[int] = frozenset({0})
    timeout: float | None = None

    @property
    def program(self) -> str:
        return Path(self.argv[0]).name

    def __str__(self) -> str:
        """The words as a shell would take them; environment and input are not part of it."""
        return shlex.join((self.program, *self.argv[1:]))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a finished command said; `lines` are the lines of its standard output."""

    command: Command
    exit_code: int
    lines: tuple[str, ...]
    seconds: float

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
