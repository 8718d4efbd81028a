"""A real platform with people and items on it, and what tests do to it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from platformctl.backends.database.facts import Rows
from platformctl.operations.context import Context
from tests.environment import Environment
from tests.faults.runner import Plan, written

ROOT = Path(__file__).parents[2]
PEOPLE = ("ada@example.com", "bob@example.com", "cho@example.com")
PASSWORD = "correct horse battery"
SURE = ("--yes", "--confirm", "local")
PATIENT = {"PLATFORMCTL__GATEWAY__LIMIT__AVERAGE": "100000", "PLATFORMCTL__GATEWAY__LIMIT__BURST": "100000"}
ROWS_OF_PEOPLE = ("users.", "items.")


class Api:
    """One person's view through the gateway."""

    def __init__(self, environment: Environment, name: str, password: str) -> None:
        self._base = f"http://127.0.0.1:{environment.port}/api/v1"
        form = urllib.parse.urlencode({"username": name, "password": password}).encode()
        with urllib.request.urlopen(f"{self._base}/login/access-token", form, timeout=20) as answer:
            tokens = json.load(answer)
        self.token, self.refresh = tokens["access_token"], tokens["refresh_token"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=40) as answer:
            return json.load(answer)

    def everything(self) -> tuple[Any, Any]:
        """All users and items that the caller may see, in a fixed order."""
        found = (self.call("GET", "/users/")["data"], self.call("GET", "/items/")["data"])
        return tuple(sorted(each, key=lambda row: row["id"]) for each in found)


class Life:
    """A platform with people and items on it, and what the tests do to it."""

    def __init__(self, environment: Environment, ctx: Context) -> None:
        self.environment = environment
        self.database = ctx.backends.database

    def superuser(self) -> Api:
        login = self.environment.run("secrets", "show-login", "--yes").data
        return Api(self.environment, login["login"], login["password"])

    def populate(self) -> None:
        superuser = self.superuser()
        for email in PEOPLE:
            superuser.call("POST", "/users/", {"email": email, "password": PASSWORD, "full_name": email[:3]})
            person = Api(self.environment, email, PASSWORD)
            for number in range(10):
                person.call(
                    "POST", "/items/", {"title": f"{email} {number}", "description": "ünï \U0001f4be"}
                )

    def execute(self, statement: str) -> None:
        with self.database._session(self.database.name) as connection:
            connection.execute(statement)

    def rows(self) -> dict[str, Rows]:
        """Of the tables that hold people's data; those of sessions change with every login."""
        tables = self.database.proof(self.database.name).tables
        return {name: found for name, found in tables.items() if name.startswith(ROWS_OF_PEOPLE)}

    def leftovers(self) -> list[str]:
        return [each.name for each in self.database.databases() if "__restore_" in each.name]

    def killed(self, plan: Plan, *argv: str) -> int:
        driver = (sys.executable, "-m", "tests.faults.driver", written(plan), *argv)
        variables = {**self.environment.environ(), "PYTHONPATH": str(ROOT)}
        ended = subprocess.run(
            driver, cwd=self.environment.work, env=variables, capture_output=True, timeout=180
        )
        return ended.returncode

    def changes(self, log: Path, *argv: str) -> list[int]:
        """The numbers of the changes that a verb makes when nothing breaks."""
        assert self.killed(Plan(str(log)), *argv) == 0
        return [each["n"] for each in map(json.loads, log.read_text().splitlines()) if each["mutates"]]
