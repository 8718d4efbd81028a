"""`platformctl backup drill` for tiny services: python -m tests.drilling drill [ID].

They keep no public contract, so another question stands in its place: whether the gateway answers in the
network of the drill, and whether anything can be reached from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from platformctl import cli
from platformctl.backends.secrets.protocol import Secrets
from platformctl.cli.options import Damage, Operation, changes
from platformctl.errors import StepError
from platformctl.events import step
from platformctl.operations.backup_drill import drill
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Contract
from platformctl.shell.command import Command
from tests.environment import Environment

ROOT = Path(__file__).parents[1]
WAIT, OUTSIDE = "DRILL_WAITS_WITH", "DRILL_REACHES"
LOOK = """
import socket, sys, urllib.request
assert urllib.request.urlopen(sys.argv[1], timeout=5).status == 200
for port in sys.argv[2:]:
    try:
        socket.create_connection(("127.0.0.1", int(port)), 2)
        print("reached", port)
    except ConnectionRefusedError:
        print("refused", port)
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.callback()(lambda: None)


def ask(inside: Context, live: Secrets) -> Contract:
    """With a file named in the environment it is written, and the drill stays until it is gone."""
    gateway = inside.backends.cluster.endpoints().gateway
    outside = os.environ.get(OUTSIDE, "").split()
    with step(inside.report, "look around"):
        argv = (sys.executable, "-c", LOOK, f"{gateway}/", *outside)
        said = inside.runner.run(Command(argv, mutates=False)).text
        if "reached" in said:
            raise StepError("the live platform can be reached from a drill", cause=said)
    if waits := os.environ.get(WAIT):
        Path(waits).touch()
        while Path(waits).exists():
            time.sleep(0.05)
    return Contract(passed=1, failed=0, unknown=0)


@app.command("drill")
@changes(Damage.NONE, junit=True)
def drill_small(
    backup: Annotated[str, typer.Argument(help="Which.")] = "latest",
    all_due: Annotated[bool, typer.Option("--all-due", help="Only if it is time.")] = False,
) -> Operation:
    """Drill."""
    return partial(drill, backup=backup, all_due=all_due, ask=ask)


def start(environment: Environment, *words: str, **variables: str) -> subprocess.Popen[str]:
    """A running drill, its JSON captured."""
    path = f"{environment.services}:{ROOT}"
    return subprocess.Popen(
        (sys.executable, "-P", "-m", "tests.drilling", "drill", *words, "--output", "json"),
        cwd=environment.work,
        env={**environment.environ(), "PYTHONPATH": path, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(cli.main(command=get_command(app)))
