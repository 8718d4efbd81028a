"""A run that is broken off while an account is being made waits for it before it looks for what is left."""

from __future__ import annotations

from contextlib import suppress

import pytest

from platformctl.operations.contract.cast import Cast, Person
from platformctl.operations.verify_clean_up import LATEST, clean_up
from platformctl.operations.verify_ledger import Ledger
from platformctl.tools.http import Answer, Ask, api

TAG = "verify-0001"
STRAY = f"{TAG}-late@example.com"


class Server:
    """A Visit whose sign-up is interrupted here and ends there, once somebody has waited for it."""

    def __init__(self) -> None:
        self.users: list[str] = []
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.users.append(STRAY)

    def ask(self, ask: Ask) -> Answer:
        if ask.path.startswith("/api/v1/users/signup"):
            raise KeyboardInterrupt
        if ask.method == "DELETE":
            self.users.clear()
        rows = ", ".join(f'{{"email": "{each}", "id": "1"}}' for each in self.users)
        listed = f'{{"data": [{rows}], "count": {len(self.users)}}}'.encode()
        return Answer(200, (("content-type", "application/json"),), listed)


@pytest.fixture
def cast() -> Cast:
    root = Person("root@example.com", "secret", "0", token="t", refresh="r")
    return Cast(TAG, loopback=True, root=root)


def test_an_account_that_comes_to_be_after_the_interruption_is_deleted(cast: Cast) -> None:
    server = Server()
    ledger = Ledger(server)
    with suppress(KeyboardInterrupt):
        ledger.ask(api("POST", "/users/signup", "", {"email": STRAY, "password": "long enough"}))
    assert clean_up(ledger, cast, server).status == "pass"
    assert (server.slept, server.users) == (LATEST, [])


def test_a_run_that_came_to_its_end_waits_for_nothing(cast: Cast) -> None:
    server = Server()
    assert clean_up(Ledger(server), cast, server).status == "pass"
    assert server.slept == 0
