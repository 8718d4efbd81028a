"""The ways a run can end that are no result: each becomes a PlatformError, a message and an exit code."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from platformctl.cli.session import MakeRunner, Session
from platformctl.errors import ExitCode, PlatformError

if TYPE_CHECKING:
    from typer.exceptions import TyperException


class Door:
    def __init__(self, arguments: Sequence[str], make_runner: MakeRunner | None) -> None:
        pairs = zip(arguments, [*arguments[1:], ""], strict=False)
        machine = any(pair[0] == "--output=json" or pair == ("--output", "json") for pair in pairs)
        self.session = Session(machine=machine, make_runner=make_runner)

    def misused(self, error: TyperException) -> int:
        """A usage error keeps Click's own words and exit code 2."""
        if not self.session.machine:
            error.show()  # type: ignore[attr-defined]
            return error.exit_code
        told = PlatformError(error.format_message(), fix="platformctl --help", reference="usage")
        told.exit_code = ExitCode.USAGE
        return self._show(told)

    def failed(self, error: BaseException) -> int:
        """Show what failed and answer the exit code; never raises, whatever is wrong with the surface."""
        if isinstance(error, BrokenPipeError) and _unread(sys.stdout):
            _silence(sys.stdout)
            return int(ExitCode.OK)  # the reader has seen enough, as in `platformctl logs | head`
        from platformctl.cli.told import told

        return self._show(told(error, self.session))

    def _show(self, error: PlatformError) -> int:
        from platformctl.cli.address import Address, Addressed
        from platformctl.cli.told import completed
        from platformctl.ui.screen import make_screen

        session = self.session
        screen = session.screen or Addressed(
            make_screen("", session.machine, False, False, None), Address.of(session)
        )
        try:
            screen.failure(completed(error, session))
        except OSError:  # nobody reads, or the disk behind stdout is full
            _silence(sys.stdout)
            _last_words(f"{error.message}\n")
        return int(error.exit_code)


def _unread(stream: TextIO) -> bool:
    """Whether the reader at the other end of the pipe has gone."""
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return bool(poll.poll(0))


def _silence(stream: TextIO) -> None:
    """What the stream still holds, and what comes later, goes nowhere; also at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _last_words(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)
