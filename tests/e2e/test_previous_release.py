"""Code from the history on the schema of today: what a rollout that fails goes back to, and it must work."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.common.schema_version import scripts
from tests.postgres import SERVICES, Postgres
from tests.services.people import PASSWORD, fresh_email
from tests.services.processes import ADMIN, Platform, Service

ROOT = Path(__file__).parents[2]
NO_HISTORY = "needs the whole git history: this is a wheel, a source archive or a shallow clone"
HEADS = (
    "from services.common.schema_version import scripts as s; print(*(s(n).get_current_head() for n in {}))"
)
USER = {"id", "email", "is_active", "is_superuser", "full_name", "created_at"}
ITEM = {"id", "title", "description", "owner_id", "created_at"}
TOKENS = {"access_token", "token_type", "refresh_token", "expires_in"}


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def has_history() -> bool:
    if not (ROOT / ".git").exists():
        return False
    return git("rev-parse", "--is-shallow-repository").strip() == b"false"


def added(file: Path) -> str:
    """The commit that added it, nothing when none has yet."""
    return git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(file)).decode().strip()


def releases() -> list[Any]:
    """The last commit before the newest migration of each service, and the first that had migrations."""
    if not has_history():
        return [pytest.param("", marks=pytest.mark.skip(NO_HISTORY))]
    found: dict[str, list[str]] = {}
    for name in SERVICES:
        carried = [Path(each.path) for each in scripts(name).walk_revisions()]
        newest = added(carried[0])
        found.setdefault(f"{newest}^" if newest else "HEAD", []).append(f"before {name} {carried[0].stem}")
        found.setdefault(added(carried[-1]), []).append(f"first of {name}")
    return [pytest.param(commit, id=", ".join(names)) for commit, names in found.items()]


def archive(commit: str, folder: Path) -> Path:
    """Where its services are importable."""
    with zipfile.ZipFile(io.BytesIO(git("archive", "--format=zip", commit, "src/services"))) as packed:
        packed.extractall(folder)
    return folder / "src"


def heads(environment: dict[str, str]) -> list[str]:
    """The revisions that the code expects which a process with this environment would run."""
    program = [sys.executable, "-c", HEADS.format(SERVICES)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@contextmanager
def previous(postgres: Postgres, commit: str, code: Path) -> Iterator[Service]:
    """The gateway of old services on a schema that the code of today has migrated."""
    platform = Platform(postgres, f"previous_{commit}")
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(platform.migrate, SERVICES))
        for service in platform.services.values():
            service.environment["PYTHONPATH"] = str(code)
            service.start()
        for service in platform.services.values():
            service.wait_until_ready()
        old = heads(platform.services["auth"].environment)
        assert old < [scripts(name).get_current_head() for name in SERVICES]
        with platform.gateways(1, PYTHONPATH=str(code)) as [gateway]:
            yield gateway
    finally:
        platform.stop()


class Visitor:
    """Asks, and expects a 200 with these fields unless told otherwise."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, fields: set[str], status: int = 200, **more: Any) -> Any:
        answer = self.client.request(method, f"/api/v1{path}", headers=self.headers, **more)
        assert answer.status_code == status, (method, path, answer.text)
        assert set(answer.json()) == fields, (method, path)
        return answer.json()

    def log_in(self, email: str, password: str) -> str:
        """Its refresh token."""
        form = {"username": email, "password": password}
        return self.bear(self.ask("POST", "/login/access-token", TOKENS, data=form))

    def bear(self, tokens: dict[str, str]) -> str:
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return tokens["refresh_token"]


def live(visitor: Visitor) -> None:
    """From sign-up to deletion."""
    email = fresh_email()
    visitor.ask("POST", "/users/signup", USER, json={"email": email, "password": PASSWORD})
    visitor.ask("POST", "/users/signup", {"detail"}, 400, json={"email": email, "password": PASSWORD})
    refresh = visitor.log_in(email, PASSWORD)
    item = visitor.ask("POST", "/items/", ITEM, json={"title": "a thing"})
    assert visitor.ask("PATCH", f"/items/{item['id']}", ITEM, json={"title": "b"})["title"] == "b"
    page = visitor.ask("GET", "/items/", {"data", "count"})
    assert ([each["id"] for each in page["data"]], page["count"]) == ([item["id"]], 1)
    visitor.bear(visitor.ask("POST", "/login/refresh", TOKENS, json={"refresh_token": refresh}))
    assert visitor.ask("GET", "/users/me", USER)["email"] == email
    visitor.ask("DELETE", "/users/me", {"message"})
    visitor.ask("POST", "/login/refresh", {"detail"}, 401, json={"refresh_token": refresh})
    visitor.ask("GET", "/users/me", {"detail"}, 401)
    visitor.headers = {}
    visitor.log_in(*ADMIN)
    visitor.ask("GET", f"/items/{item['id']}", {"detail"}, 404)
    assert visitor.ask("GET", "/users/", {"data", "count"})["count"] == 1


@pytest.mark.parametrize("commit", releases())
def test_a_previous_release_works_on_the_schema_of_today(
    commit: str, postgres: Postgres, tmp_path: Path
) -> None:
    with (
        previous(postgres, commit, archive(commit, tmp_path)) as gateway,
        httpx.Client(base_url=gateway.url, timeout=15) as client,
    ):
        live(Visitor(client))
