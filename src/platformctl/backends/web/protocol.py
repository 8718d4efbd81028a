"""What operations may do at a platform's public address, whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol

from platformctl.tools.http import Answer, Ask, Raw


class Visit(Protocol):
    """Never raises for what the server does: an answer that did not come has the status 0."""

    def ask(self, ask: Ask | Raw) -> Answer:
        """Paced, so that it stays below the limits; a patient request waits and repeats when answered 429."""

    def together(self, asks: Sequence[Ask | Raw]) -> tuple[Answer, ...]:
        """All at once and each once; the answers in the same order."""

    def begin(self, asks: Sequence[Ask | Raw]) -> Future[tuple[Answer, ...]]:
        """As together, without waiting for the answers."""


class Web(Protocol):
    def visit(
        self, url: str, own: bool, services: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Visit]:
        """`own` is the environment's own gateway: that somebody makes users there is recorded.

        With its `services`, addresses by name, each is asked itself.
        """
