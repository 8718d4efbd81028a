"""The people of one run, all made by it: who they are and what they hold."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from platformctl.tools.http import Ask, form

DOMAIN = "example.com"  # nobody gets mail there (RFC 2606)


class LackingError(Exception):
    """Somebody whom a promise needs is not there."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user with the tokens of one login."""

    email: str
    password: str = field(repr=False)
    id: str = ""
    token: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)

    def login(self, password: str | None = None) -> Ask:
        return log_in(self.email, self.password if password is None else password)


@dataclass(slots=True)
class Cast:
    """`tag` stands in every address that the run makes; `root` is whose credentials were given.

    `signing` is the platform's own private key set, known only where the platform is the environment's own.
    """

    tag: str
    loopback: bool = False
    root: Person | None = field(default=None, repr=False)
    people: dict[str, Person] = field(default_factory=dict)
    signing: str = field(default="", repr=False)
    issued: list[str] = field(default_factory=list)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def email(self, name: str) -> str:
        """Another address each time."""
        address = f"{self.tag}-{name}-{next(self.numbers)}@{DOMAIN}"
        self.issued.append(address)
        return address

    @property
    def second_password(self) -> str:
        """What promises change a password to."""
        return f"{self.password}-2"

    @property
    def ada(self) -> Person:
        return self._person("ada", "a user of the run's own, and none could be made")

    @property
    def bob(self) -> Person:
        return self._person("bob", "a second user of the run's own, and none could be made")

    @property
    def chief(self) -> Person:
        """A superuser that the run made with the credentials it was given."""
        return self._person(
            "chief", "a superuser: set PLATFORMCTL_VERIFY_USER and PLATFORMCTL_VERIFY_PASSWORD"
        )

    @property
    def has_chief(self) -> bool:
        return "chief" in self.people

    def _person(self, name: str, words: str) -> Person:
        if name not in self.people:
            raise LackingError(f"needs {words}")
        return self.people[name]


def log_in(email: str, password: str) -> Ask:
    return form("/login/access-token", {"username": email, "password": password})
