"""What users see, as files below snapshots/: python -m tests.cli.snapshots writes them again."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import groupby
from pathlib import Path

import pytest

from platformctl import cli
from tests.commands import leaves
from tests.support import isolate

FOLDER = Path(__file__).parent / "snapshots"
NOTHING_RUNS = (
    "",
    "status",
    "health",
    "lock show",
    "history",
    "backup list",
    "provision",
)
WRONG = (
    "hea",
    "up --nonsense",
    "up --env prod",
    "up --env Not_A_Name",
    "status --output yaml",
    "deploy",
    "deploy payments",
    "rollback",
    "restore",
    "restore --yes",
    "restore --yes --confirm prod",
    "restore --yes --confirm local",
    "restore --undo latest",
    "restore --table items.items",
    "restore --as Yesterday",
    "restore --drop yesterday latest",
    "restore --open yesterday",
    "backup show nothing",
    "lock break --confirm nobody --reason why",
    "logs",
    "maintenance on",
    "secrets set nonsense",
    "verify ftp://example.org",
    "verify http://127.0.0.1:1",
    "verify http://192.0.2.1 --abuse",
    "verify http://127.0.0.1:1 --direct",
)
BROKEN_FILE = "platfrom: shop\ngateway: {port: 99999999}\nservices: {items: {replicas: zero}}\n"


def shown(line: str) -> str:
    """A command line and all it says, as on a screen of 80 columns without colour."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(line.split())
    parts = [f"$ platformctl {line}".rstrip(), out.getvalue(), err.getvalue(), f"[exit code {code}]"]
    return "\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def all_of(lines: Sequence[str]) -> str:
    return steady("\n".join(shown(each) for each in lines))


def steady(text: str) -> str:
    """Without what differs from run to run: places, times, free ports and drawn names."""
    for name, sign in (("XDG_RUNTIME_DIR", "$RUNTIME"), ("HOME", "$HOME")):
        text = text.replace(os.environ[name], sign)
    text = text.replace(sys.prefix, "$VENV").replace(str(Path(__file__).parents[2]), "$SOURCE")
    text = re.sub(r"platformctl-\d+-[0-9a-f]{10}", "platformctl-UID-HASH", text)
    text = re.sub(r"unshare --user --map-user=\d+ --map-group=\d+ ", "", text)  # only root needs it
    text = re.sub(r"\S+/pginstall/bin/", "", text)  # unshare's argument is told in full
    text = re.sub(r" PATH=\S+", " PATH=...", text)
    text = re.sub(r"python3\.\d+", "python3", text)
    text = re.sub(r"\b20\d{6}-\d{6}-[0-9a-f]{4}\b", "20260101-000000-abcd", text)
    text = re.sub(r"making-\d+", "making-PID", text)
    text = re.sub(r"\b\d+\.\d+ s\b", "0.0 s", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "0123456789ab", text)
    return re.sub(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^ \"',]*", "2026-01-01 00:00:00", text)


def help_pages() -> str:
    return all_of(["--help", *(f"{leaf} --help" for leaf in leaves())])


def errors() -> str:
    told = all_of(WRONG)
    Path("platform.yaml").write_text(BROKEN_FILE)
    told += "\n" + all_of(["up", "config check"])
    Path("platform.yaml").unlink()
    return told


def rehearsals() -> str:
    """What is done to several services at once is told in any order."""
    told = all_of(["up --dry-run", "down --dry-run", "maintenance on --dry-run"]).splitlines()
    groups = groupby(told, key=lambda each: each.startswith(("  choose ", "  replace ")))
    return (
        "\n".join(line for parallel, each in groups for line in (sorted(each) if parallel else each)) + "\n"
    )


def results() -> str:
    return all_of(NOTHING_RUNS)


def results_as_json() -> str:
    lines = [
        f"{each} --output json" for each in (*NOTHING_RUNS[1:], "hea", "deploy", "restore", "down --dry-run")
    ]
    return all_of(lines)


SHOWN: dict[str, Callable[[], str]] = {
    "help": help_pages,
    "errors": errors,
    "rehearsals": rehearsals,
    "results": results,
    "json": results_as_json,
}


@contextmanager
def place() -> Iterator[Path]:
    """A home whose path is as long each time, for the lines that it stands in."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        isolate(patch, Path(folder))
        patch.setenv("COLUMNS", "80")
        yield Path(folder)
        shutil.rmtree(os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, show in SHOWN.items():
        with place():
            (FOLDER / f"{name}.txt").write_text(show())


if __name__ == "__main__":
    main()
