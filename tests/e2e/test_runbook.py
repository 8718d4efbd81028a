"""docs/runbooks/restore.md, followed line by line on a terminal as somebody would at night."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest

from tests.e2e.life import Life
from tests.environment import Environment
from tests.terminal import on_terminal

pytestmark = pytest.mark.timeout(600)
RUNBOOK = (Path(__file__).parents[2] / "docs/runbooks/restore.md").read_text()


def lines(section: str) -> list[str]:
    """The commands of one section, in their order; one that goes on is indented further."""
    (text,) = re.findall(rf"^## {section}\. .*?(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    return re.findall(r"^    (\S.*(?:\n {6}.*)*)$", text, re.MULTILINE)


def follow(environment: Environment, section: str, words: Mapping[str, str]) -> list[str]:
    """Type the section into a shell, answering with the environment's name; what each command showed."""
    path = f"{Path(sys.executable).parent}:{environment.environ()['PATH']}"
    exported: dict[str, str] = {}
    shown = []
    for line in lines(section):
        for word, value in words.items():
            line = re.sub(rf"\b{word}\b", value, line)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            exported[name] = value
            continue
        assert not re.search(r"\b[A-Z]{2,}\b", line.replace("--", "")), f"{line} has a word left to replace"
        env = {**environment.environ(), **exported, "PATH": path, "TERM": "xterm"}
        with contextlib.chdir(environment.work):
            code, out = on_terminal(("bash", "-c", line), {"to go ahead: ": "local\n"}, env=env, limit=170)
        assert code == 0, f"{line}: {out}"
        shown.append(out)
    return shown


def test_bad_data(platform: Environment) -> None:
    older = platform.run("backup", "create").data["id"]
    shown = follow(platform, "A", {"ID": older})
    assert "everybody signs in again" in " ".join(shown[2].split())
    assert len(shown) == 7


def test_only_some_rows_are_needed(life: Life) -> None:
    platform, live_rows = life.environment, "SELECT count(*), max(title) FROM items"
    made = platform.run("backup", "create").data
    with psycopg.connect(life.database.url("items"), autocommit=True) as live:
        live.execute("UPDATE items SET title = 'written since' WHERE title LIKE 'ada%'")
        live.execute("DELETE FROM items WHERE title LIKE 'bob%'")
        shown = follow(platform, "D", {"ID": made["id"], "TABLE": "items.items"})
        assert live.execute(live_rows).fetchone() == (30, "written since")
    assert "items.items" in shown[1]
    assert "restore --open yesterday" in shown[2]
    assert re.search(r"count *\n-+\n +\d+\n\(1 row\)", shown[3])
    assert (platform.work / "rows.csv").read_text().startswith("id,")
    assert "INSERT 0 10" in shown[5]
    assert re.search(r"yesterday .* items\.items", shown[6])
    assert "deleted for good" in " ".join(shown[7].split())
    assert platform.run("status").data["beside_live"] == []


def test_the_platform_is_down(platform: Environment) -> None:
    platform.run("down")
    assert "healthy  yes" in follow(platform, "B", {})[-1]


def test_the_machine_is_gone(platform: Environment, make_environment: Callable[..., Environment]) -> None:
    made = platform.run("backup", "create").data
    saved = platform.folder / "saved"
    shutil.copytree(made["location"].rpartition("/shop/")[0], saved / "backups")
    shutil.copy(made["key"], saved / "backup.key")
    assert platform.run("down", "--purge", "--with-backups", "--yes", "--confirm", "local").code == 0
    shutil.rmtree(platform.folder / "state")
    words = {
        "PLATFORM": "shop",
        "BACKUPS": str(saved / "backups"),
        "KEYFILE": str(saved / "backup.key"),
    }
    listed, restored, healthy = follow(make_environment(), "C", words)
    assert made["id"] in listed
    assert re.search(rf"backup +{made['id']}", restored)
    assert "healthy  yes" in healthy
