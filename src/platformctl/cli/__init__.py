"""The one exit door: every way a run can end becomes a message and an exit code here, and nowhere else."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from platformctl.cli.session import MakeRunner


def main(
    argv: Sequence[str] | None = None, make_runner: MakeRunner | None = None, command: Any = None
) -> int:
    """Run one command line and answer its exit code.

    `make_runner` replaces the runner of real changes, `command` the root of all verbs.
    """
    from typer import Abort, Exit
    from typer.exceptions import TyperException

    from platformctl.cli.app import root
    from platformctl.cli.door import Door

    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale must not decide whether a verb works
    door = Door(arguments, make_runner)
    try:
        command = command or root()
        with command.make_context("platformctl", arguments, obj=door.session) as ctx:
            return int(command.invoke(ctx) or 0)
    except Exit as ended:
        return ended.exit_code
    except TyperException as error:
        return door.misused(error)
    except Abort:
        return door.failed(KeyboardInterrupt())
    except BaseException as error:
        return door.failed(error)
