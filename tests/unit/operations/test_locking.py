from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.errors import LockHeldError, LockLostError
from platformctl.events import Notice
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.shell.command import Command
from platformctl.shell.rehearsal import RehearsalRunner
from tests.support import Heard, context

HOLD = """
import time
from tests.support import context
from platformctl.operations.locking import locked
with locked(context(run_id="other"), "a long job"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder() -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[3])
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def hold(ctx: Context, patience: float) -> None:
    with locked(ctx, "mine", patience):
        pass


@pytest.mark.usefixtures("home")
def test_a_held_lock_is_told_with_its_holder_after_the_patience_is_over() -> None:
    child = holder()
    try:
        heard = Heard()
        with pytest.raises(LockHeldError, match="locked by test") as caught:
            hold(context(report=heard), patience=0.6)
    finally:
        end(child)
    assert f"pid {child.pid}" in caught.value.cause
    assert caught.value.fix.startswith("platformctl lock show")
    assert [str(child.pid) in each.text for each in heard.of(Notice)] == [True]  # told once, not every turn


@pytest.mark.usefixtures("home")
def test_the_lock_of_a_killed_run_is_free_at_once() -> None:
    end(holder())
    begun = time.monotonic()
    hold(context(), patience=10)
    assert time.monotonic() - begun < 2


@pytest.mark.usefixtures("home")
def test_a_lock_that_dies_while_one_waits_is_taken() -> None:
    child = holder()
    killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {child.pid}"])
    begun = time.monotonic()
    try:
        hold(context(), patience=20)
    finally:
        killer.wait()
        end(child)
    assert 0.5 < time.monotonic() - begun < 10


@pytest.mark.usefixtures("home")
def test_the_lock_is_released_when_the_work_fails() -> None:
    ctx = context()

    def fail() -> None:
        with locked(ctx, "work"):
            assert ctx.backends.cluster.lock_holder() is not None
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert ctx.backends.cluster.lock_holder() is None


def test_a_rehearsal_takes_no_lock(home: Path) -> None:
    ctx = context(RehearsalRunner(Heard()))
    with locked(ctx, "work"):
        assert ctx.backends.cluster.lock_holder() is None
    assert not (home / "state").exists()


@pytest.mark.usefixtures("home")
def test_the_holder_tells_who_since_when_and_why() -> None:
    ctx = replace(context(), verb="restore")
    with locked(ctx, "restore of b1"):
        found = ctx.backends.cluster.lock_holder()
    assert found is not None
    assert (found.id, found.verb, found.reason, found.pid) == ("r1", "restore", "restore of b1", os.getpid())
    assert abs(found.since - time.time()) < 5


@pytest.mark.usefixtures("home")
def test_a_run_whose_lock_was_broken_changes_nothing_any_more_and_leaves_the_next_ones_lock(
    tmp_path: Path,
) -> None:
    former, breaker, next_one = (context(run_id=each) for each in ("former", "breaker", "next"))
    held = locked(next_one, "the next job")
    touch = Command(("touch", str(tmp_path / "touched")), mutates=True)

    def wake_up() -> None:
        with locked(former, "a job that hangs"):
            breaker.backends.cluster.break_lock("former")
            held.__enter__()
            with pytest.raises(LockLostError) as refused:
                former.runner.run(touch)
            assert "of pid" in refused.value.cause
            former.runner.call("look", lambda: None, mutates=False)
            former.runner.call("change", (tmp_path / "touched").touch, mutates=True)

    with pytest.raises(LockLostError) as caught:
        wake_up()
    assert caught.value.fix == "platformctl lock show"
    assert not (tmp_path / "touched").exists()
    holder = former.backends.cluster.lock_holder()
    assert holder is not None
    assert holder.id == "next"
    next_one.runner.run(touch)
    held.__exit__(None, None, None)
    former.runner.run(touch)


@pytest.mark.usefixtures("home")
def test_a_run_whose_lock_was_broken_is_told_when_nobody_has_it_now() -> None:
    ctx = context()

    def work() -> None:
        with locked(ctx, "work"):
            context(run_id="breaker").backends.cluster.break_lock("r1")
            ctx.runner.call("change", lambda: None, mutates=True)

    with pytest.raises(LockLostError, match="taken from this run") as caught:
        work()
    assert "no holder" in caught.value.cause
