"""One child process: started, fed, heard and ended, with its last lines for the error."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Protocol

from pydantic import SecretStr

from platformctl.errors import CommandError, MissingToolError
from platformctl.shell import processes, signals
from platformctl.shell.command import Command

KEPT_LINES = 20  # of each stream
WIDE = 1024 * 1024  # bytes in a pipe that a whole database goes through
GRACE = 10.0  # seconds between the forwarded SIGINT and SIGTERM, and between SIGTERM and SIGKILL

OnLine = Callable[[str], None]


class Record(Protocol):
    """Writes one audit line about a change: its words and `started`, `done` or `failed: …`."""

    def __call__(self, words: str, outcome: str, /) -> None: ...


class Child:
    """One process, started inside the block that ends it, with its last lines for the error.

    Secrets never appear in them.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, command: Command, record: Record) -> None:
        self.command = command
        self.record = record
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._complained: deque[str] = deque(maxlen=KEPT_LINES)
        self.seconds = 0.0
        self._lives = False
        given = command.stdin
        self._text = reveal(given or "") if isinstance(given, str | SecretStr | None) else None
        self._secrets = [
            value.get_secret_value()
            for value in (*command.env.values(), command.stdin)
            if isinstance(value, SecretStr) and value.get_secret_value()
        ]

    def __enter__(self) -> Child:
        if self.command.mutates:
            self.record(str(self.command), "started")
        return self

    def start(self) -> None:
        """A signal waits until the child is known here, or it would run on and nobody would end it."""
        command = self.command
        self._begun = time.monotonic()
        revealed = {name: reveal(value) for name, value in command.env.items()}
        try:
            with signals.deferred():
                self.process = subprocess.Popen(
                    command.argv,
                    stdin=subprocess.PIPE if self._text is not None else command.stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={**os.environ, **revealed},
                    cwd=command.cwd,
                    process_group=0,
                )
                self._errors = _follow(self.process.stderr, self._hear_complaint)
                self._lives = True
        except (FileNotFoundError, PermissionError) as error:
            raise MissingToolError(
                f"{command.program} cannot be started",
                cause=str(error),
                fix="platformctl doctor",
            ) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if self._lives:
            cancelled = isinstance(error, (signals.BreakOff, KeyboardInterrupt))
            self._end(signal.SIGINT if cancelled else signal.SIGTERM)
        if self.command.mutates:
            self.record(str(self.command), f"failed: {kind.__name__}" if kind else "done")

    def listen(self, keep: OnLine | None = None) -> threading.Thread:
        """Hand each line of standard output to `keep`; its last ones are kept for the error."""

        def hear(line: str) -> None:
            masked = self._mask(line)
            self._said.append(masked)
            if keep is not None:
                keep(masked)

        return _follow(self.process.stdout, hear)

    def _hear_complaint(self, line: str) -> None:
        self._complained.append(self._mask(line))

    def give_input(self) -> None:
        if self._text is None:
            return
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(self._text.encode())
            self.process.stdin.close()
        except BrokenPipeError:
            return  # it ended without reading; its exit code is checked by wait()

    def wait(self, readers: list[threading.Thread]) -> None:
        limit = self.command.timeout
        left = None if limit is None else max(0.0, limit - (time.monotonic() - self._begun))
        try:
            code = self.process.wait(timeout=left)
        except subprocess.TimeoutExpired as error:
            self._stop(signal.SIGTERM)
            raise self._failure(
                f"{self.command.program} did not finish in {limit:g} s", "command/timeout"
            ) from error
        for reader in (*readers, self._errors):
            reader.join(GRACE)
        self.seconds = time.monotonic() - self._begun
        if code not in self.command.ok_codes:
            raise self._failure(f"{self.command.program} failed with exit code {code}", "command/failed")

    def _failure(self, message: str, reference: str) -> CommandError:
        lines = (*self._said, *self._complained)
        return CommandError(
            message,
            cause=next((line for line in reversed(lines) if line.strip()), "it said nothing"),
            evidence=(f"$ {self._mask(str(self.command))}", *lines),
            fix="platformctl doctor",
            reference=reference,
        )

    def _end(self, first: int) -> None:
        if self.process.poll() is None:
            self._stop(first)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                _close(stream)
        self._errors.join(GRACE)

    def _stop(self, first: int) -> None:
        for number in dict.fromkeys((first, signal.SIGTERM, signal.SIGKILL)):
            processes.signal_group(self.process.pid, number)
            try:
                self.process.wait(timeout=GRACE)
                return
            except subprocess.TimeoutExpired:
                continue

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _follow(stream: IO[bytes] | None, hear: OnLine) -> threading.Thread:
    """Read lines in a thread, so that a full pipe never stops the child."""
    assert stream is not None

    def read() -> None:
        try:
            for raw in stream:
                hear(raw.decode(errors="replace").rstrip("\r\n"))
        except ValueError:
            if not stream.closed:  # as a run that is broken off does before all was read
                raise

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def widen(stream: IO[bytes]) -> None:
    """So that both ends work at once; a user who has many wide pipes already is refused another."""
    with suppress(OSError):
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, WIDE)


def reveal(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return
