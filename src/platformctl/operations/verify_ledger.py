"""What a run made at somebody's platform, noted before it is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from platformctl.backends.web.protocol import Visit
from platformctl.tools.http import BASE, Answer, Ask, Raw

CREATING = frozenset({f"{BASE}/users", f"{BASE}/users/signup", f"{BASE}/private/users"})


@dataclass(slots=True)
class Ledger:
    """A Visit that remembers: addresses that may have an account now, with their passwords, and tokens.

    `ids` are accounts that somebody else made on the run's behalf, as fuzzing does. `unanswered` says that
    the run was broken off while an account was being made: it may come to be a little later.
    """

    visit: Visit
    made: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    unanswered: bool = False

    def ask(self, ask: Ask | Raw) -> Answer:
        before = len(self.made)
        sent = self._note(ask)
        self.unanswered = len(self.made) > before
        answer = self.visit.ask(ask)
        self.unanswered = False
        self._look(sent, answer)
        return answer

    def together(self, asks: Sequence[Ask | Raw]) -> tuple[Answer, ...]:
        sent = [self._note(each) for each in asks]
        answers = self.visit.together(asks)
        for each, answer in zip(sent, answers, strict=True):
            self._look(each, answer)
        return answers

    def begin(self, asks: Sequence[Ask | Raw]) -> Future[tuple[Answer, ...]]:
        """Used for what makes nobody."""
        return self.visit.begin(asks)

    def _note(self, ask: Ask | Raw) -> dict[str, Any]:
        sent = _content(ask)
        creates = isinstance(ask, Ask) and ask.method == "POST" and ask.path.rstrip("/") in CREATING
        if creates and "email" in sent:
            self.made.setdefault(sent["email"], str(sent.get("password", "")))
        return sent

    def _look(self, sent: dict[str, Any], answer: Answer) -> None:
        if answer.status == 200 and "username" in sent and isinstance(answer.document, dict):
            self.tokens[sent["username"]] = str(answer.document.get("access_token", ""))


def _content(ask: Ask | Raw) -> dict[str, Any]:
    if isinstance(ask, Raw) or not ask.content or len(ask.content) > 4096:
        return {}
    try:
        found = json.loads(ask.content)
        return found if isinstance(found, dict) and isinstance(found.get("email", ""), str) else {}
    except (ValueError, RecursionError):
        return {name: values[0] for name, values in parse_qs(ask.content.decode("latin-1")).items()}
