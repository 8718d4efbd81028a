"""Verbs of our own that go through the whole command line, one for each way a run can go.

As a program: `python -m tests.sample VERB …` ends as `platformctl VERB …` would.
"""

from __future__ import annotations

import errno
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from platformctl import cli, errors
from platformctl.cli.options import Damage, Guarded, Operation, changes, reads
from platformctl.events import Finding, LogLine, Notice, step
from platformctl.operations.context import Context
from platformctl.shell.command import Command
from platformctl.shell.files import write_whole

app = typer.Typer(add_completion=False, rich_markup_mode=None)
PathArgument = Annotated[Path, typer.Argument(help="What to make.")]


@dataclass(frozen=True, slots=True)
class Made:
    path: str
    size: int
    next_steps: tuple[str, ...] = ("platformctl status",)


def make(ctx: Context, path: Path) -> Made:
    with step(ctx.report, "make it") as current:
        ctx.report(Notice("this is only a sample"))
        ctx.runner.run(Command(("touch", str(path)), mutates=True))
        current.progress("half of it", 0.5)
        current.detail = path.name
    return Made(str(path), 0)


def loss(ctx: Context, path: Path) -> str:
    return f"{path.name} in {ctx.environment} will be lost."


@app.command()
@changes(Damage.NONE)
def small(path: PathArgument) -> Operation:
    """Make a file, which costs nothing."""
    return partial(make, path=path)


@app.command()
@changes(Damage.COSTLY)
def costly(path: PathArgument) -> Operation:
    """Make a file, which is costly."""
    return partial(make, path=path)


@app.command()
@changes(Damage.DESTRUCTIVE)
def destroy(
    path: PathArgument,
    gently: Annotated[bool, typer.Option("--gently")] = False,
    twice: Annotated[bool, typer.Option("--twice")] = False,
) -> Guarded:
    """Make a file, which destroys another."""
    damage = Damage.NONE if gently else None
    second = partial(loss, path=Path("its copy")) if twice else None
    return Guarded(partial(make, path=path), damage=damage, question=partial(loss, path=path), second=second)


@app.command()
@reads(junit=True)
def check(answer: str) -> Operation:
    """Answer with findings."""
    return partial(judge, answer=answer)


def judge(ctx: Context, answer: str) -> Made:
    ctx.report(Finding("disk", "pass", "there is room"))
    ctx.report(Finding("port", "unknown", "the port could not be asked", "no answer", "platformctl doctor"))
    if answer == "no":
        ctx.report(Finding("gateway", "fail", "the gateway does not answer", "refused", "platformctl up"))
        raise errors.UnhealthyError("the gateway does not answer", data=Made("x", 3), fix="platformctl up")
    return Made("x", 3)


@app.command()
@reads(streams=True)
def stream(lines: int) -> Operation:
    """Say many lines."""
    return partial(talk, lines=lines)


def talk(ctx: Context, lines: int) -> None:
    for number in range(lines):
        ctx.report(LogLine("items-0", f"line {number}"))
        ctx.report(Finding(f"f{number}", "pass", "well"))


@app.command()
@changes(Damage.NONE)
def fail(kind: str, after: Annotated[bool, typer.Option("--after")] = False) -> Operation:
    """Fail in one of many ways, before or after something was changed."""
    return partial(break_off, kind=kind, after=after)


def break_off(ctx: Context, kind: str, after: bool) -> None:
    if kind.startswith("call-"):
        ctx.runner.call("keep the deploy", partial(_throw, kind.removeprefix("call-")), mutates=after)
    if after:
        ctx.runner.call("change something", lambda: None, mutates=True)
    if kind == "no-folder":
        write_whole(Path("/dev/null/deploy.json"), "{}")
    if kind == "no-program":
        ctx.runner.run(Command(("no-such-program",), mutates=False))
    if kind == "hang":
        sys.stderr.write("hanging\n")
        sys.stderr.flush()
        time.sleep(30)
    raise _failures()[kind]


def _throw(kind: str) -> None:
    raise _failures()[kind]


def _failures() -> dict[str, Any]:
    return {
        "platform": errors.StepError("it did not come up", cause="why not", evidence=("one", "two")),
        "full": OSError(errno.ENOSPC, "No space left on device", "/state/x"),
        "forbidden": PermissionError(errno.EACCES, "Permission denied", "/state/x"),
        "readonly": OSError(errno.EROFS, "Read-only file system", "/state/x"),
        "bug": ZeroDivisionError("division by hunter2"),
        "reset": ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        "pipe": BrokenPipeError(),
    }


if __name__ == "__main__":
    sys.exit(cli.main(command=get_command(app)))
