"""Runs commands and library calls for real: the one door through which anything is asked or changed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, BinaryIO, Protocol, TypeVar

from pydantic import SecretStr

from platformctl.errors import CallError, CommandError, MissingToolError
from platformctl.shell import processes
from platformctl.shell.command import Answer, Command

KEPT_LINES = 20  # of each stream
WIDE = 1024 * 1024  # bytes in a pipe that a whole database goes through
GRACE = 10.0  # seconds between the forwarded SIGINT and SIGTERM, and between SIGTERM and SIGKILL

T = TypeVar("T")
OnLine = Callable[[str], None]


class Record(Protocol):
    """Writes one audit line about a change: its words and `started`, `done` or `failed: …`."""

    def __call__(self, words: str, outcome: str, /) -> None: ...


class Runner(Protocol):
    def run(self, command: Command, on_line: OnLine | None = None) -> Answer: ...
    def pipe(self, command: Command) -> AbstractContextManager[BinaryIO]: ...
    def feed(self, command: Command, on_line: OnLine | None = None) -> AbstractContextManager[BinaryIO]: ...
    def become(self, command: Command) -> None: ...
    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T: ...
    def fenced(self, check: Callable[[], None]) -> AbstractContextManager[None]: ...
    @property
    def rehearses(self) -> bool: ...


class RealRunner:
    """Starts children in their own process group, so that Ctrl-C reaches them once, through us."""

    rehearses = False

    def __init__(self, record: Record) -> None:
        self._write_down = record
        self._fence: Callable[[], None] | None = None

    @contextmanager
    def fenced(self, check: Callable[[], None]) -> Iterator[None]:
        """Within the block `check` is called before each change; what it raises keeps the change away."""
        self._fence = check
        try:
            yield
        finally:
            self._fence = None

    def _record(self, words: str, outcome: str) -> None:
        if outcome == "started" and self._fence is not None:
            self._fence()
        self._write_down(words, outcome)

    def run(self, command: Command, on_line: OnLine | None = None) -> Answer:
        """Run to the end and return its output; raises CommandError on another exit code or a timeout."""
        lines: list[str] = []

        def keep(line: str) -> None:
            lines.append(line)
            if on_line is not None:
                on_line(line)

        with _Child(command, self._record) as child:
            child.start()
            readers = [child.listen(keep)]
            child.give_input()
            child.wait(readers)
        return Answer(command, child.process.returncode, tuple(lines), child.seconds)

    @contextmanager
    def pipe(self, command: Command) -> Iterator[BinaryIO]:
        """The command's standard output as bytes; leaving the block checks the exit code."""
        with _Child(command, self._record) as child:
            child.start()
            child.give_input()
            assert child.process.stdout is not None
            _widen(child.process.stdout)
            yield child.process.stdout
            child.process.stdout.close()
            child.wait([])

    @contextmanager
    def feed(self, command: Command, on_line: OnLine | None = None) -> Iterator[BinaryIO]:
        """The command's standard input as bytes; leaving the block closes it and checks the exit code."""
        with _Child(command, self._record) as child:
            child.start()
            readers = [child.listen(on_line)]
            assert child.process.stdin is not None
            _widen(child.process.stdin)
            try:
                yield child.process.stdin
                child.process.stdin.close()
            except BrokenPipeError:
                child.wait(readers)  # the exit code and its last words say more than a broken pipe
                raise
            child.wait(readers)

    def become(self, command: Command) -> None:
        """Give the terminal to a program that people work in; of its end, nothing is recorded."""
        self._record(str(command), "started")
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored would stay so
        revealed = {name: _reveal(value) for name, value in command.env.items()}
        processes.become(command.argv, {**os.environ, **revealed})

    def call(self, words: str, function: Callable[[], T], *, mutates: bool) -> T:
        """Raises CallError when the machine or the network refuses."""
        if not mutates:
            return _told(words, function)
        self._record(words, "started")
        try:
            value = _told(words, function)
        except BaseException as error:
            self._record(words, f"failed: {type(error).__name__}")
            raise
        self._record(words, "done")
        return value


def _told(words: str, function: Callable[[], T]) -> T:
    """Whether a file exists, and a pipe's other end, are answers that callers look at themselves."""
    try:
        return function()
    except (FileNotFoundError, FileExistsError, BrokenPipeError):
        raise
    except OSError as error:
        raise CallError(f"could not {words}", cause=str(error) or type(error).__name__) from error


class _Child:
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
        self._text = _reveal(given or "") if isinstance(given, str | SecretStr | None) else None
        self._secrets = [
            value.get_secret_value()
            for value in (*command.env.values(), command.stdin)
            if isinstance(value, SecretStr) and value.get_secret_value()
        ]

    def __enter__(self) -> _Child:
        if self.command.mutates:
            self.record(str(self.command), "started")
        return self

    def start(self) -> None:
        """A signal waits until the child is known here, or it would run on and nobody would end it."""
        command = self.command
        self._begun = time.monotonic()
        revealed = {name: _reveal(value) for name, value in command.env.items()}
        try:
            with processes.signals_wait():
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
            cancelled = isinstance(error, (processes.BreakOff, KeyboardInterrupt))
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


def _widen(stream: IO[bytes]) -> None:
    """So that both ends work at once; a user who has many wide pipes already is refused another."""
    with suppress(OSError):
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, WIDE)


def _reveal(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return
