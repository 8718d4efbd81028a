"""Running a verb in a process of its own, and killing that process, a child of it or the server meanwhile."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from platformctl.errors import PlatformError
from platformctl.shell.runner import Runner
from tests.killing import KillingRunner
from tests.kills.verbs import Verb
from tests.kills.world import LIMIT, World, enter

FAILED, BUG = 1, 70


@dataclass(frozen=True)
class Ended:
    """`code` is negative when a signal ended it; `hit` says whether the blow came before the end."""

    run: str
    code: int
    hit: bool


class Run:
    """A verb in a forked process; output of its errors goes nowhere, its exit code says enough."""

    def __init__(self, world: World, verb: Verb, runner: Runner | None = None) -> None:
        self.id = secrets.token_hex(8)
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self._carry_out(world, verb, runner))

    def _carry_out(self, world: World, verb: Verb, runner: Runner | None) -> int:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(LIMIT))  # a run that does not end is ended, by a signal that nobody else sends
        enter(world, self.id)
        try:
            verb.operation(world.context(runner))
        except PlatformError:
            return FAILED
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            return BUG
        return 0

    def over(self) -> bool:
        """It stays as a zombie, so that its number is nobody else's."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def children(self) -> list[psutil.Process]:
        """pg_dump and pg_restore."""
        try:
            found = psutil.Process(self.pid).children(recursive=True)
            return [each for each in found if each.name() in ("pg_dump", "pg_restore")]
        except psutil.Error:
            return []

    def wait(self, seconds: float) -> bool:
        """Whether it is still there afterwards."""
        until = time.monotonic() + seconds
        while not self.over() and time.monotonic() < until:
            time.sleep(0.002)
        return not self.over()


def at_boundary(world: World, verb: Verb, at: float) -> Ended:
    run = Run(world, verb, KillingRunner(at))
    code = run.end()
    return Ended(run.id, code, code == -signal.SIGKILL)


def of_tool(world: World, verb: Verb, share: float) -> Ended:
    """After `share` of the time that the verb takes."""
    run = Run(world, verb)
    run.wait(share * world.seconds[verb.name])
    os.kill(run.pid, signal.SIGKILL)  # without effect on one that has ended and was not waited for
    code = run.end()
    return Ended(run.id, code, code == -signal.SIGKILL)


def of_child(world: World, verb: Verb, share: float) -> Ended:
    """The first pg_dump or pg_restore that is there after `share` of the time."""
    run = Run(world, verb)
    run.wait(share * world.seconds[verb.name])
    hit = False
    while not hit and not run.over():
        for child in run.children()[:1]:
            hit = _kill(child)
        time.sleep(0.001)
    return Ended(run.id, run.end(), hit)


def of_server(world: World, verb: Verb, share: float) -> Ended:
    """The postmaster; the server is started again when the run has ended."""
    run = Run(world, verb)
    hit = run.wait(share * world.seconds[verb.name])
    if hit:
        world.server.supervisor.stop(signal.SIGKILL)
    code = run.end()
    if hit:
        world.start_again()
    return Ended(run.id, code, hit)


def _kill(child: psutil.Process) -> bool:
    try:
        child.kill()
    except psutil.Error:
        return False
    return True


Blow = Callable[[World, Verb, float], Ended]
BLOWS: dict[str, Blow] = {
    "the tool at a boundary": at_boundary,
    "the tool at any time": of_tool,
    "pg_dump or pg_restore": of_child,
    "the server": of_server,
}
# What a run may end with, by what was killed: one that sees the blow ends with an error of ours, or well.
CODES = {
    "the tool at a boundary": {-9},
    "the tool at any time": {-9},
    "pg_dump or pg_restore": {0, FAILED},
    "the server": {0, FAILED},
}
