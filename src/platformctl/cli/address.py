"""Commands in what is shown, completed so that a copied one meets the same environment and file again."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformctl.cli.app import VERBS
from platformctl.cli.session import Session
from platformctl.errors import ConfigError, PlatformError
from platformctl.events import Event, Finding, Notice
from platformctl.ui.rehearsed import Rehearsed
from platformctl.ui.screen import Screen

GROUPS = ("backup", "config", "lock", "maintenance", "secrets")
ANYWHERE = ("config docs", "config schema")  # these ask nothing of an environment, and have no --env
SINGLE = "|".join(verb.name for verb in VERBS if verb.name not in GROUPS)
# The rest of a command, or of the sentence around it, is only looked at: it may name the environment itself.
COMMAND = re.compile(
    rf"\bplatformctl (?P<words>(?:{'|'.join(GROUPS)}) [a-z-]+|{SINGLE})(?![\w-])"
    r"(?=(?P<rest>(?:(?!platformctl )[^,;()\n])*))"
)


@dataclass(frozen=True, slots=True)
class Address:
    environment: str
    file: Path | None

    @classmethod
    def of(cls, session: Session) -> Address:
        return cls(session.environment, session.file)

    def complete(self, text: str) -> str:
        """Options follow the verb's words at once, because a sentence may follow the command."""
        return COMMAND.sub(self._with_options, text)

    def _with_options(self, found: re.Match[str]) -> str:
        if found["words"] in ANYWHERE:
            return found[0]
        wanted = {name: value for name, value in self._options().items() if name not in found["rest"]}
        return " ".join((found[0], *(f"{name} {shlex.quote(value)}" for name, value in wanted.items())))

    def _options(self) -> Mapping[str, str]:
        usual = {"local", os.environ.get("PLATFORMCTL_ENV") or "local"}  # what a command without --env means
        environment = {} if usual == {self.environment} else {"--env": self.environment}
        return environment | ({"--file": str(self.file)} if self.file else {})


@dataclass(frozen=True, slots=True)
class Addressed:
    """A screen whose messages name plain commands, and show complete ones."""

    screen: Screen
    address: Address

    def __call__(self, event: Event, /) -> None:
        complete = self.address.complete
        match event:
            case Notice():
                event = replace(event, text=complete(event.text))
            case Finding():
                event = replace(event, message=complete(event.message), fix=complete(event.fix))
        self.screen(event)

    def rehearsal(self, rehearsed: Rehearsed) -> None:
        self.screen.rehearsal(rehearsed)

    def result(self, value: object) -> None:
        self.screen.result(self._following(value))

    def failure(self, error: PlatformError) -> None:
        """What programs said (the evidence) stays as they said it."""
        for name in ("message", "cause", "state", "fix"):
            setattr(error, name, self.address.complete(getattr(error, name)))
        if isinstance(error, ConfigError):
            error.evidence = tuple(map(self.address.complete, error.evidence))
        error.data = self._following(error.data)
        self.screen.failure(error)

    def _following(self, value: Any) -> object:
        steps = getattr(value, "next_steps", ())
        return replace(value, next_steps=tuple(map(self.address.complete, steps))) if steps else value
